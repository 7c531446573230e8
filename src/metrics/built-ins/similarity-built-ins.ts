import { ThresholdOperator } from "../metric.js";
import { type BuiltIn, EXPECTED_VALUE, IGNORE_CASE, numeric, SIMILARITY } from "./built-in.js";

/** How like the expected text the answer is. */
export const SIMILARITY_BUILT_INS: readonly BuiltIn[] = [
  numeric({
    name: "levenshtein",
    title: "Levenshtein similarity",
    description: `One minus the number of edits (characters inserted, deleted or replaced) that lead to the expected text, divided by the longer length. ${SIMILARITY}`,
    parameters: {
      value: EXPECTED_VALUE,
      ignoreCase: IGNORE_CASE,
      as: { type: "string", enum: ["similarity", "distance"], default: "similarity", description: "What the score is; `distance` is the number of edits itself, which passes when it is at most the threshold." },
    },
    variant: { parameter: "as", value: "distance", score: { minScore: 0, maxScore: null, thresholdOperator: ThresholdOperator.LTE } },
  }),
  numeric({
    name: "rouge_n",
    title: "ROUGE-N",
    description: `The F1 of the n-grams that the answer shares with the expected text, by js-rouge. ${SIMILARITY}`,
    parameters: { value: EXPECTED_VALUE, n: { type: "integer", minimum: 1, maximum: 10, default: 1, description: "How many words an n-gram has." }, ignoreCase: IGNORE_CASE },
  }),
  numeric({ name: "rouge_l", title: "ROUGE-L", description: `The F1 of the longest common subsequences of words, sentence by sentence, by js-rouge. ${SIMILARITY}`, parameters: { value: EXPECTED_VALUE, ignoreCase: IGNORE_CASE } }),
  numeric({
    name: "bleu",
    title: "BLEU",
    description: `BLEU of the answer as a translation of the expected text: n-grams of one to four words, as sacreBLEU gives it for sentences, divided by 100. ${SIMILARITY}`,
    parameters: { value: EXPECTED_VALUE, ignoreCase: IGNORE_CASE },
  }),
  numeric({ name: "token_f1", title: "Token F1", description: `The F1 of the words that the answer shares with the expected text, in any order. ${SIMILARITY}`, parameters: { value: EXPECTED_VALUE, ignoreCase: IGNORE_CASE } }),
];
