import { refusal, toolCalled } from "./answer-scorers.js";
import { assertionsScorer } from "./assertions-scorer.js";
import type { BuiltInScorer } from "./built-in-scorer.js";
import { jsonSchema, jsonValid } from "./json-scorers.js";
import { bleu, latency, length, levenshtein, numericDifference, rougeL, rougeN, tokenF1 } from "./measure-scorers.js";
import { extractedAnswer, regex } from "./pattern-scorers.js";
import { contains, containsAll, containsAny, endsWith, equals, startsWith } from "./text-scorers.js";

const SCORERS: Readonly<Record<string, BuiltInScorer>> = {
  equals,
  contains,
  starts_with: startsWith,
  ends_with: endsWith,
  contains_any: containsAny,
  contains_all: containsAll,
  regex,
  extracted_answer: extractedAnswer,
  json_valid: jsonValid,
  json_schema: jsonSchema,
  length,
  refusal,
  tool_called: toolCalled,
  latency,
  numeric_difference: numericDifference,
  levenshtein,
  rouge_n: rougeN,
  rouge_l: rougeL,
  bleu,
  token_f1: tokenF1,
};

/** The scorer of each built-in of the catalog by its name; a test holds the two together. */
export const BUILT_IN_SCORERS: Readonly<Record<string, BuiltInScorer>> = { ...SCORERS, assertions: assertionsScorer(SCORERS) };
