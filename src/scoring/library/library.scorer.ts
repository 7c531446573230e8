import { createRequire } from "node:module";
import { meetsThreshold, type MetricDefinition } from "../../metrics/index.js";
import type { Finding } from "../finding.js";
import { type ScoreInput, ScoringFault } from "../score.js";
import { LibraryClient, type LibraryModel, type LibraryUsage } from "./library-client.js";
import { type Library, LIBRARY_METRICS, type LibraryScore } from "./library-metrics.js";
import { reasonOf } from "./library-reasons.js";

/** An answer to judge by a metric of the library. */
export interface LibraryJudgement {
  readonly definition: MetricDefinition;
  /** With defaults, templates filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly input: ScoreInput;
  readonly model: LibraryModel;
}

/** What the library found, and what its calls took. */
export interface LibraryFinding {
  readonly finding: Finding;
  readonly usage: LibraryUsage;
}

/** Whether a built-in of this name is judged by the library. */
export function isLibraryMetric(name: string): boolean {
  return Object.hasOwn(LIBRARY_METRICS, name);
}

/** Judges by a metric of autoevals. ScoringFault where there is no verdict. Every call goes to the metric's own model. */
export async function scoreByLibrary({ definition, parameters, input, model }: LibraryJudgement): Promise<LibraryFinding> {
  const name = definition.builtIn ?? "";
  const metric = LIBRARY_METRICS[name];
  if (metric === undefined) throw new ScoringFault("INVALID_PARAMETERS", `The library has no metric "${name}".`);
  const client = new LibraryClient(model);
  const library = await loadLibrary();
  try {
    const score = await metric(library, { parameters, input, client });
    return { finding: toFinding(definition, score), usage: client.usage };
  } catch (error) {
    throw toFault(error);
  }
}

let loading: Promise<Library> | null = null;

/** Some 30 MB and half a second: only the processes that judge by it pay for them. */
function loadLibrary(): Promise<Library> {
  loading ??= import("autoevals");
  return loading;
}

let known: { readonly name: string; readonly version: string } | null = null;

/** The library as results name it: its prompts change from version to version. */
function libraryVersion(): { readonly name: string; readonly version: string } {
  known ??= createRequire(import.meta.url)("autoevals/package.json") as { name: string; version: string }; // what a package.json has
  return { name: known.name, version: known.version };
}

function toFinding(definition: MetricDefinition, { score, metadata: found = {} }: LibraryScore): Finding {
  if (score === null || !Number.isFinite(score)) throw noVerdict();
  if (score < 0 || score > 1) throw new ScoringFault("OUT_OF_RANGE", `The model's verdicts make a score of ${score}, which is not from 0 to 1.`, "INCONCLUSIVE");
  const reason = reasonOf(definition.builtIn ?? "", found, score);
  if (reason === null) throw noVerdict();
  const { choice, rationale: _rationale, ...details } = found;
  const metadata = { ...details, library: libraryVersion() };
  if (typeof choice === "string") return { status: definition.passingCategories.includes(choice) ? "PASSED" : "FAILED", score, category: choice, threshold: null, reason, metadata };
  const { threshold, thresholdOperator } = definition;
  if (threshold === null) throw new ScoringFault("INVALID_PARAMETERS", `${definition.builtIn} gives a number and needs a threshold to pass or fail by.`);
  return { status: meetsThreshold(score, thresholdOperator, threshold) ? "PASSED" : "FAILED", score, category: null, threshold, reason, metadata };
}

function noVerdict(): ScoringFault {
  return new ScoringFault("NO_VERDICT", "The model found nothing to judge: it named no statement.", "INCONCLUSIVE");
}

/** The library checks the shape of what the model said by zod. */
function toFault(error: unknown): unknown {
  const isShape = error instanceof Error && error.name === "ZodError";
  return isShape ? new ScoringFault("MALFORMED_ANSWER", "The model's answer lacks what the metric needs.") : error;
}
