import type { PromptfooAssertion } from "./promptfoo-assertions.js";

/** Every kind that promptfoo 0.123 knows: a cell that begins with another word is a text to be equal to. */
const KINDS = [
  "agent-rubric", "answer-relevance", "bleu", "classifier", "contains", "contains-all", "contains-any", "contains-html", "contains-json", "contains-sql", "contains-xml",
  "context-faithfulness", "context-recall", "context-relevance", "conversation-relevance", "cost", "equals", "eval", "factuality", "finish-reason", "fn", "g-eval", "gleu", "grade", "guardrails",
  "human", "icontains", "icontains-all", "icontains-any", "is-html", "is-json", "is-refusal", "is-sql", "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call",
  "is-xml", "javascript", "latency", "levenshtein", "llm-rubric", "max-score", "meteor", "model-graded-closedqa", "model-graded-factuality", "moderation", "perplexity", "perplexity-score", "pi",
  "python", "regex", "rouge-n", "ruby", "search-rubric", "select-best", "similar", "similar:cosine", "similar:dot", "similar:euclidean", "skill-used", "starts-with", "tool-call-f1",
  "trace-error-spans", "trace-span-count", "trace-span-duration", "trajectory:goal-success", "trajectory:step-count", "trajectory:tool-args-match", "trajectory:tool-sequence",
  "trajectory:tool-used", "webhook", "word-count",
]; // prettier-ignore

/** The longest first, so that `contains-any` is not read as `contains`. */
const EXPECTED = new RegExp(String.raw`^\s*(not-)?(${[...KINDS].sort((one, other) => other.length - one.length).join("|")})(?:\((\d+(?:\.\d+)?)\))?(?:$|:\s*([\s\S]*)$)`);

/** An `__expected` cell: `KIND:VALUE`, `KIND(THRESHOLD):VALUE`, each with `not-` before it, or a text to be equal to. */
export function parseExpected(cell: string): PromptfooAssertion {
  const plain = { negated: false, threshold: null, weight: null, metric: null };
  // Kinds without a colon are those that need no value.
  const match = EXPECTED.exec(cell.trimEnd());
  if (match === null) return { ...plain, type: "equals", value: cell };
  const [, not, kind = "", threshold, value] = match;
  return { ...plain, type: kind === "grade" ? "llm-rubric" : kind, negated: not !== undefined, value: value ?? null, threshold: threshold === undefined ? null : Number(threshold) };
}
