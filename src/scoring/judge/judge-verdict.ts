import type { MetricDefinition } from "../../metrics/index.js";
import { ScoringFault } from "../score.js";
import type { AnswerForm } from "./completion.js";

/** What one judge said: a score for NUMERIC, else a category. */
export interface Vote {
  readonly score: number | null;
  readonly category: string | null;
  readonly reason: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reasons that are longer are cut: they are for people. */
const MAX_REASON = 10_000;

/**
 * The form of a judge's answer; the reason comes first, so that it is thought before the verdict. Ranges are said in
 * words: not every server knows the keywords for them, and a score beyond them shall be seen, not bent.
 */
export function verdictForm({ scoreType, categories }: Pick<MetricDefinition, "scoreType" | "categories">): AnswerForm {
  const verdict = {
    NUMERIC: { score: { type: "number", description: "The score." } },
    CATEGORICAL: { category: { type: "string", enum: categories, description: "The category." } },
    BINARY: { passed: { type: "boolean", description: "Whether the criteria are met." } },
  }[scoreType];
  const properties = { reason: { type: "string", description: "Why, in one to three sentences." }, ...verdict };
  return { name: "give_verdict", description: "Gives the verdict with its reason.", schema: { type: "object", properties, required: Object.keys(properties), additionalProperties: false } };
}

/** What the fields say. ScoringFault, INCONCLUSIVE: NO_VERDICT, OUT_OF_RANGE, UNKNOWN_CATEGORY. */
export function readVote(definition: Pick<MetricDefinition, "scoreType" | "categories" | "minScore" | "maxScore">, fields: Fields): Vote {
  const reason = typeof fields["reason"] === "string" && fields["reason"].trim() !== "" ? fields["reason"].slice(0, MAX_REASON) : null;
  switch (definition.scoreType) {
    case "NUMERIC":
      return { score: readScore(definition, fields, reason), category: null, reason };
    case "CATEGORICAL":
      return { score: null, category: readCategory(definition.categories, fields["category"] ?? fields["verdict"], reason), reason };
    case "BINARY":
      return { score: null, category: readPassed(fields, reason) ? "pass" : "fail", reason };
    default:
      return definition.scoreType satisfies never;
  }
}

function readScore({ minScore, maxScore }: Pick<MetricDefinition, "minScore" | "maxScore">, fields: Fields, reason: string | null): number {
  const said = fields["score"];
  const score = typeof said === "string" && said.trim() !== "" ? Number(said) : said;
  if (typeof score !== "number" || !Number.isFinite(score)) throw inconclusive("NO_VERDICT", "The judge gave no score", reason);
  if ((minScore !== null && score < minScore) || (maxScore !== null && score > maxScore)) throw inconclusive("OUT_OF_RANGE", `The judge's score is ${score}, which is not within ${minScore ?? "-∞"} to ${maxScore ?? "∞"}`, reason);
  return score;
}

function readCategory(categories: readonly string[], said: unknown, reason: string | null): string {
  if (typeof said !== "string" || said.trim() === "") throw inconclusive("NO_VERDICT", "The judge gave no category", reason);
  const given = said.trim();
  const known = categories.find((category) => category === given) ?? categories.find((category) => category.toLowerCase() === given.toLowerCase());
  if (known === undefined) throw inconclusive("UNKNOWN_CATEGORY", `The judge's category is ${JSON.stringify(given.slice(0, 80))}, which is none of ${categories.join(", ")}`, reason);
  return known;
}

const PASSING: ReadonlySet<string> = new Set(["true", "pass", "passed", "yes"]);
const FAILING: ReadonlySet<string> = new Set(["false", "fail", "failed", "no"]);

/** `passed`, else the verdict or category, else the score 1 or 0: small models mix them up. */
function readPassed(fields: Fields, reason: string | null): boolean {
  const { passed, verdict, category, score } = fields;
  const said = passed ?? verdict ?? category;
  if (typeof said === "boolean") return said;
  const word = typeof said === "string" ? said.trim().toLowerCase() : "";
  if (PASSING.has(word) || FAILING.has(word)) return PASSING.has(word);
  if (said == null && (score === 1 || score === 0)) return score === 1;
  if (said == null && typeof score === "number") throw inconclusive("OUT_OF_RANGE", `The judge's score is ${score}; that of a BINARY metric is 1 or 0`, reason);
  if (word !== "" && passed == null && verdict == null) throw inconclusive("UNKNOWN_CATEGORY", `The judge's category is ${JSON.stringify(word.slice(0, 80))}, which is none of pass, fail`, reason);
  throw inconclusive("NO_VERDICT", "The judge did not say whether the answer passed", reason);
}

function inconclusive(code: "NO_VERDICT" | "OUT_OF_RANGE" | "UNKNOWN_CATEGORY", message: string, reason: string | null): ScoringFault {
  return new ScoringFault(code, reason === null ? `${message}.` : `${message}. Its reason: ${reason.slice(0, 500)}`, "INCONCLUSIVE");
}
