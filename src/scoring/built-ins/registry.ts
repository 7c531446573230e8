import type { BuiltInScorer } from "./built-in-scorer.js";
import { extractedAnswer, regex } from "./pattern-scorers.js";
import { contains, endsWith, equals, startsWith } from "./text-scorers.js";

/** The scorer of each built-in of the catalog by its name; a test holds the two together. */
export const BUILT_IN_SCORERS: Readonly<Record<string, BuiltInScorer>> = {
  equals,
  contains,
  starts_with: startsWith,
  ends_with: endsWith,
  regex,
  extracted_answer: extractedAnswer,
};
