import { storableJson, type Trx } from "../db/index.js";
import { findEndpointsByIds } from "../endpoints/index.js";
import { NotFoundError } from "../errors.js";
import type { RunMetrics } from "../metrics/index.js";
import { findTestSetsByIds, type TestSegment, type TestSet } from "../test-sets/index.js";
import type { Viewer } from "../viewer.js";
import { type TestRun, TestRunKind } from "./run.js";
import { type NewRun, takeRunName } from "./run-writer.js";

/** Judgements at once in a process are bounded by the lanes: as many as there are. */
const MAX_CONCURRENCY = 64;

/** The run whose outputs are scored again, with where those are stored. */
export type RescoreSource = TestRun & { readonly sourceRunId: string | null; readonly outputRunId: string };

/** A re-score before it is written: what shaped the source's outputs stays, and nothing is called. */
export async function rescoreOf(trx: Trx, viewer: Viewer, source: RescoreSource, args: { segments: readonly TestSegment[]; metrics: RunMetrics; currentTests: boolean; name: string | null }): Promise<NewRun> {
  const { segments, metrics, currentTests } = args;
  const { testSet, name } = await nameOf(trx, viewer, source, args.name);
  const { projectId, mode, trials, testSetId, endpointId, endpointVersionId, configurationId, experimentId, experimentVersionId, sourceRunId, outputRunId, testCount, total, executed } = source;
  return {
    row: {
      projectId, name, mode, trials, testSetId, endpointId, endpointVersionId, configurationId, experimentId, experimentVersionId, sourceRunId, outputRunId, testCount, total, executed,
      kind: TestRunKind.RESCORE,
      testSetVersion: currentTests && testSet !== null ? testSet.version : source.testSetVersion,
      selection: source.selection === null ? null : storableJson(source.selection),
      parameters: storableJson(source.parameters),
      metricsSource: metrics.source,
      request: JSON.stringify({ metricIds: metrics.source === "EXECUTION" ? metrics.metrics.map((metric) => metric.metricId) : null, experimentVersion: source.request.experimentVersion ?? null, currentTests }),
      overrides: JSON.stringify({}),
      userModelId: null,
      // Nothing is to be called: the phase is EVALUATING from the start.
      answered: total,
      tags: [],
      attributes: storableJson({}),
    },
    segments,
    metrics: metrics.metrics,
    maxConcurrency: MAX_CONCURRENCY,
  }; // prettier-ignore
}

/** The run's name, from things that may have been deleted since. */
async function nameOf(trx: Trx, viewer: Viewer, source: TestRun, name: string | null): Promise<{ testSet: TestSet | null; name: string }> {
  const [testSet = null] = source.testSetId === null ? [] : await findTestSetsByIds(trx, viewer, [source.testSetId]);
  const [endpoint] = await findEndpointsByIds(trx, viewer, [source.endpointId]);
  if (endpoint === undefined) throw new NotFoundError("endpoint", source.endpointId);
  return { testSet, name: await takeRunName(trx, viewer, { name, testSet, endpoint }) };
}
