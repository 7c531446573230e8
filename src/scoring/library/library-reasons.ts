import { quoted } from "../built-ins/built-in-scorer.js";

type Metadata = Readonly<Record<string, unknown>>;

/** Statements or questions that a reason names. */
const MAX_NAMED = 3;

/** Says a score of the library in a sentence from what the library found. Null: there was nothing to judge. */
export type LibraryReason = (metadata: Metadata, score: number) => string | null;

const REASONS: Readonly<Record<string, LibraryReason>> = {
  faithfulness: ({ faithfulness }) => statementsReason(objectsOf(faithfulness), "verdict", "follow from the context"),
  context_recall: ({ statements }) => statementsReason(objectsOf(statements), "attributed", "can be attributed to the context"),
  context_precision: ({ precision }) => (isObject(precision) ? textOf(precision["reason"]) : null),
  context_relevancy: ({ relevantSentences }) => {
    const sentences = objectsOf(relevantSentences);
    return sentences.length === 0 ? "Nothing in the context is needed to answer the question." : `Needed to answer the question: ${named(sentences.map(({ sentence }) => textOf(sentence)))}.`;
  },
  answer_relevancy: ({ questions }) => {
    const asked = objectsOf(questions);
    const evasive = asked.some(({ noncommittal }) => noncommittal === 1);
    return `${evasive ? "The answer is noncommittal. It" : "The answer"} reads like one to ${named(asked.map(({ question }) => textOf(question)))}.`;
  },
  answer_similarity: (_metadata, score) => `The cosine similarity of the embeddings is ${rounded(score)}.`,
  answer_correctness: ({ factuality, answerSimilarityScore }) => {
    const count = (key: string): number => (isObject(factuality) && Array.isArray(factuality[key]) ? factuality[key].length : 0);
    if (count("TP") + count("FP") + count("FN") === 0) return null;
    return `Statements in both texts: ${count("TP")}, only in the answer: ${count("FP")}, only in the expected one: ${count("FN")}. The similarity of the embeddings is ${rounded(Number(answerSimilarityScore))}.`;
  },
};

/** Why the score is what it is; null where the library scores something that was not there to judge. */
export function reasonOf(name: string, metadata: Metadata, score: number): string | null {
  const reason = REASONS[name];
  return reason === undefined ? textOf(metadata["rationale"]) : reason(metadata, score);
}

function statementsReason(statements: readonly Metadata[], field: string, says: string): string | null {
  if (statements.length === 0) return null;
  const wrong = statements.filter((statement) => statement[field] !== 1);
  const first = `${statements.length - wrong.length} of ${statements.length} statements ${says}.`;
  if (wrong.length === 0) return first;
  const listed = wrong.slice(0, MAX_NAMED).map(({ statement, reason }) => `${quoted(textOf(statement))} (${textOf(reason)})`);
  return `${first} Not so: ${listed.join("; ")}${wrong.length > MAX_NAMED ? ` and ${wrong.length - MAX_NAMED} more` : ""}.`;
}

function named(texts: readonly string[]): string {
  const different = [...new Set(texts)];
  return different.slice(0, MAX_NAMED).map(quoted).join(", ") + (different.length > MAX_NAMED ? ` and ${different.length - MAX_NAMED} more` : "");
}

function objectsOf(value: unknown): readonly Metadata[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function rounded(score: number): string {
  return String(Number(score.toFixed(4)));
}

function isObject(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
