import { meetsThreshold, type MetricDefinition } from "../../metrics/index.js";
import type { Finding } from "../finding.js";
import { ScoringFault } from "../score.js";

type Said = Readonly<Record<string, unknown>>;
type Verdict = Pick<Finding, "status" | "score" | "category" | "threshold">;

/** Reasons that are longer are cut: they are for people. */
const MAX_REASON = 10_000;
/** Every result keeps its metadata: a service that sends whole documents back would fill the database. */
const MAX_METADATA = 50_000;

/**
 * What an answer of the form `{ score | category | passed, reason, metadata }` says of a metric. ScoringFault:
 * MALFORMED_ANSWER where it has another form; INCONCLUSIVE with NO_VERDICT, OUT_OF_RANGE or UNKNOWN_CATEGORY where it
 * does not decide.
 */
export function readRemoteAnswer(definition: MetricDefinition, body: string): Finding {
  const said = parsed(body);
  const { reason = null, metadata = null } = said;
  if (reason !== null && typeof reason !== "string") throw malformed("its reason is no text");
  if (metadata !== null && !isObject(metadata)) throw malformed("its metadata is no object");
  if (metadata !== null && JSON.stringify(metadata).length > MAX_METADATA) throw malformed(`its metadata has more than ${MAX_METADATA} characters`);
  return { ...verdictOf(definition, said), reason: reason === null ? null : reason.slice(0, MAX_REASON), metadata: metadata ?? {} };
}

function parsed(body: string): Said {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw malformed(body.trim() === "" ? "it is empty" : "it is not JSON");
  }
  if (!isObject(value)) throw malformed("it is no JSON object");
  return value;
}

function verdictOf(definition: MetricDefinition, said: Said): Verdict {
  switch (definition.scoreType) {
    case "NUMERIC":
      return numeric(definition, scoreOf(said));
    case "CATEGORICAL":
      return categorical(definition, said);
    case "BINARY":
      return binary(said);
    default:
      return definition.scoreType satisfies never;
  }
}

function numeric({ minScore, maxScore, threshold, thresholdOperator }: MetricDefinition, score: number | null): Verdict {
  if (score === null) throw noVerdict("score");
  if ((minScore !== null && score < minScore) || (maxScore !== null && score > maxScore)) {
    throw new ScoringFault("OUT_OF_RANGE", `The remote metric's score is ${score}, which is not within ${minScore ?? "-∞"} to ${maxScore ?? "∞"}.`, "INCONCLUSIVE");
  }
  if (threshold === null) throw new ScoringFault("INVALID_PARAMETERS", "A NUMERIC metric needs a threshold to pass or fail by.");
  return { status: meetsThreshold(score, thresholdOperator, threshold) ? "PASSED" : "FAILED", score, category: null, threshold };
}

function categorical({ categories, passingCategories }: MetricDefinition, said: Said): Verdict {
  const category = categoryOf(said);
  if (category === null) throw noVerdict("category");
  if (!categories.includes(category)) throw unknownCategory(category, categories);
  return { status: passingCategories.includes(category) ? "PASSED" : "FAILED", score: scoreOf(said), category, threshold: null };
}

/** `passed` says it all; else the category pass or fail, else the score 1 or 0. */
function binary(said: Said): Verdict {
  const { passed = null } = said;
  if (passed !== null && typeof passed !== "boolean") throw malformed("its passed is neither true nor false");
  const holds = passed ?? heldByCategory(categoryOf(said)) ?? heldByScore(scoreOf(said));
  if (holds === null) throw noVerdict("passed");
  return { status: holds ? "PASSED" : "FAILED", score: holds ? 1 : 0, category: holds ? "pass" : "fail", threshold: null };
}

function heldByCategory(category: string | null): boolean | null {
  if (category === null) return null;
  if (category !== "pass" && category !== "fail") throw unknownCategory(category, ["pass", "fail"]);
  return category === "pass";
}

function heldByScore(score: number | null): boolean | null {
  if (score === null) return null;
  if (score !== 0 && score !== 1) throw new ScoringFault("OUT_OF_RANGE", `The remote metric's score is ${score}; that of a BINARY metric is 1 or 0.`, "INCONCLUSIVE");
  return score === 1;
}

function scoreOf({ score = null }: Said): number | null {
  if (score !== null && (typeof score !== "number" || !Number.isFinite(score))) throw malformed("its score is no number");
  return score;
}

function categoryOf({ category = null }: Said): string | null {
  if (category !== null && typeof category !== "string") throw malformed("its category is no text");
  return category;
}

function unknownCategory(category: string, categories: readonly string[]): ScoringFault {
  return new ScoringFault("UNKNOWN_CATEGORY", `The remote metric's category is ${JSON.stringify(category.slice(0, 80))}, which is none of ${categories.join(", ")}.`, "INCONCLUSIVE");
}

function noVerdict(field: string): ScoringFault {
  return new ScoringFault("NO_VERDICT", `The remote metric's answer has no ${field}.`, "INCONCLUSIVE");
}

function malformed(what: string): ScoringFault {
  return new ScoringFault("MALFORMED_ANSWER", `The remote metric's answer cannot be read: ${what}. It answers with { "score" or "category" or "passed", "reason" }.`);
}

function isObject(value: unknown): value is Said {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
