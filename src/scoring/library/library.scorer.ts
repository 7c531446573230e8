import { createRequire } from "node:module";
import { meetsThreshold, type MetricDefinition } from "../../metrics/index.js";
import type { Finding } from "../finding.js";
import { ScoringFault } from "../score.js";
import type { ScoringContext } from "../scoring-context.js";
import { LibraryClient } from "./library-client.js";
import { type Library, LIBRARY_METRICS, type LibraryScore } from "./library-metrics.js";
import { reasonOf } from "./library-reasons.js";

/** Whether a built-in of this name is judged by the library. */
export function isLibraryMetric(name: string): boolean {
  return Object.hasOwn(LIBRARY_METRICS, name);
}

/** Judges by a metric of autoevals with the metric's own model. ScoringFault where there is no verdict. */
export async function scoreByLibrary({ definition, input, calls }: Pick<ScoringContext, "definition" | "input" | "calls">, parameters: Readonly<Record<string, unknown>>): Promise<Finding> {
  const metric = LIBRARY_METRICS[definition.builtIn ?? ""];
  if (metric === undefined || definition.modelId === null) throw new ScoringFault("INVALID_PARAMETERS", `The library needs the name of one of its metrics and a model; this is ${definition.builtIn}.`);
  const session = await calls.model(definition.modelId);
  const client = new LibraryClient(session);
  const library = await loadLibrary();
  try {
    return toFinding(definition, await metric(library, { parameters, input, client }), session.model.model);
  } catch (error) {
    throw toFault(error);
  } finally {
    await client.settled();
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

function toFinding(definition: MetricDefinition, { score, metadata: found = {} }: LibraryScore, model: string): Finding {
  if (score === null || !Number.isFinite(score)) throw noVerdict();
  if (score < 0 || score > 1) throw new ScoringFault("OUT_OF_RANGE", `The model's verdicts make a score of ${score}, which is not from 0 to 1.`, "INCONCLUSIVE");
  const said = reasonOf(definition.builtIn ?? "", found, score);
  if (said === null) throw noVerdict();
  const reason = said === "" ? null : said; // some models choose without a word
  const { choice, rationale: _rationale, ...details } = found;
  const metadata = { ...details, library: libraryVersion(), model };
  const category = typeof choice === "string" ? choice : null;
  if (definition.scoreType === "CATEGORICAL" && category !== null) return { status: definition.passingCategories.includes(category) ? "PASSED" : "FAILED", score, category, threshold: null, reason, metadata };
  const { threshold, thresholdOperator } = definition;
  if (threshold === null) throw new ScoringFault("INVALID_PARAMETERS", `${definition.builtIn} gives a number and needs a threshold to pass or fail by.`);
  return { status: meetsThreshold(score, thresholdOperator, threshold) ? "PASSED" : "FAILED", score, category, threshold, reason, metadata };
}

function noVerdict(): ScoringFault {
  return new ScoringFault("NO_VERDICT", "The model found nothing to judge: it named no statement.", "INCONCLUSIVE");
}

/** The library checks the shape of what the model said by zod. */
function toFault(error: unknown): unknown {
  const isShape = error instanceof Error && error.name === "ZodError";
  return isShape ? new ScoringFault("MALFORMED_ANSWER", "The model's answer lacks what the metric needs.") : error;
}
