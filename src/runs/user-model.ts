import type { Trx } from "../db/index.js";
import { findModelsByIds, modelRefs } from "../endpoints/index.js";
import { assertNotDeleted, getByRef } from "../entity-ref.js";
import { assertNoProblems, type Problem } from "../errors.js";
import { IdKind, isId } from "../ids.js";
import { findMetricVersionsByIds, type RunMetrics } from "../metrics/index.js";
import { hasUnscriptedTests, type TestSegment, type TestSet, TestType } from "../test-sets/index.js";
import type { Viewer } from "../viewer.js";

/** Where a run's plan may say which model plays the user. */
export interface UserModelSources {
  /** Of the execution or its configuration: `user_model` is a model's name or id. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Its attributes may say it, too. Null for a run over several sets. */
  readonly testSet: TestSet | null;
  /** The first one with a model lends it. */
  readonly metrics: RunMetrics;
  readonly segments: readonly TestSegment[];
}

/** What is wrong with `user_model` among attributes. */
export function userModelProblems(attributes: Readonly<Record<string, unknown>>, field: string): Problem[] {
  const named = attributes["user_model"];
  if (named == null || (typeof named === "string" && named.trim() !== "")) return [];
  return [{ field: `${field}.user_model`, message: "user_model must be a model's name or id." }];
}

/**
 * The model that plays the user, pinned for the run; null where every conversation is scripted. NOT_FOUND;
 * FAILED_PRECONDITION, DELETED; BAD_USER_INPUT where tests need one and nothing names it.
 */
export async function findUserModel(trx: Trx, viewer: Viewer, sources: UserModelSources): Promise<string | null> {
  if (sources.testSet !== null && sources.testSet.type !== TestType.MULTI_TURN) return null;
  if (!(await hasUnscriptedTests(trx, viewer, sources.segments))) return null;
  const ofSet = sources.testSet?.attributes ?? {};
  assertNoProblems([...userModelProblems(sources.attributes, "input.attributes"), ...userModelProblems(ofSet, "testSet.attributes")]);
  const named = [sources.attributes, ofSet].map((attributes) => attributes["user_model"]).find((name) => typeof name === "string");
  if (named !== undefined) return assertNotDeleted("model", await getByRef(modelRefs(trx, viewer), isId(named, IdKind.MODEL) ? { id: named } : { name: named })).id;
  const lent = await firstModelOf(trx, viewer, sources.metrics);
  if (lent === null) assertNoProblems([{ field: "input.attributes.user_model", message: "Some tests pursue a goal without a script, and no model plays the user. Name one in attributes.user_model (of the execution, the configuration or the test set), or use a metric with a model." }]);
  return lent;
}

async function firstModelOf(trx: Trx, viewer: Viewer, { metrics }: RunMetrics): Promise<string | null> {
  const versions = await findMetricVersionsByIds(trx, viewer, metrics.map((metric) => metric.metricVersionId));
  const modelIds = metrics.flatMap((metric) => versions.find((version) => version.id === metric.metricVersionId)?.definition.modelId ?? []);
  const usable = new Set((await findModelsByIds(trx, viewer, modelIds)).filter((model) => model.deletedAt === null).map((model) => model.id));
  return modelIds.find((id) => usable.has(id)) ?? null;
}
