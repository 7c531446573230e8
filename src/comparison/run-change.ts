import type { TestRun } from "../runs/index.js";
import type { PinnedMetric } from "./metric-delta.js";

/** A run with what it refers to, as far as it shapes the answers and verdicts. */
export interface RunSetup {
  readonly run: TestRun;
  readonly endpointVersionHash: string | null;
  readonly metrics: readonly PinnedMetric[];
  /** Of a run without a set of its own: the sets that its tests are of. */
  readonly sets: readonly PinnedSet[];
}

/** A set whose tests a run has, in the version that the run pins. */
export interface PinnedSet {
  readonly runId: string;
  readonly testSetId: string;
  readonly version: number;
}

/** One thing that two runs do not share. */
export interface RunChange {
  readonly what: string;
  readonly baseline: unknown;
  readonly candidate: unknown;
}

/** What differs between two runs besides the answers, under the names of the run's own fields; metric versions by the metrics' names, only those that differ. */
export function changesBetween(baseline: RunSetup, candidate: RunSetup): RunChange[] {
  const [a, b] = [thingsOf(baseline), thingsOf(candidate)];
  const things = Object.keys(a).map((what): RunChange => ({ what, baseline: a[what] ?? null, candidate: b[what] ?? null }));
  return [...things, ...setChange(baseline.sets, candidate.sets), ...metricChange(baseline.metrics, candidate.metrics)].filter((change) => canonical(change.baseline) !== canonical(change.candidate));
}

function thingsOf({ run, endpointVersionHash }: RunSetup): Readonly<Record<string, unknown>> {
  const { kind, mode, trials, testSetId, testSetVersion, selection, endpointId, experimentId, experimentVersionId, parameters } = run;
  return { kind, mode, trials, testSet: testSetId, testSetVersion, selection, endpoint: endpointId, endpointVersionHash, experiment: experimentId, experimentVersion: experimentVersionId, parameters };
}

/** The versions by the sets' ids, only those that differ. A run with a set of its own says it in `testSetVersion`. */
function setChange(baseline: readonly PinnedSet[], candidate: readonly PinnedSet[]): RunChange[] {
  const versionIn = (sets: readonly PinnedSet[], id: string): number | null => sets.find(({ testSetId }) => testSetId === id)?.version ?? null;
  const differing = [...new Set([...baseline, ...candidate].map(({ testSetId }) => testSetId))].filter((id) => versionIn(baseline, id) !== versionIn(candidate, id));
  const shown = (sets: readonly PinnedSet[]): Record<string, number | null> => Object.fromEntries(differing.map((id) => [id, versionIn(sets, id)]));
  return differing.length === 0 ? [] : [{ what: "testSetVersions", baseline: shown(baseline), candidate: shown(candidate) }];
}

/** By the metrics' ids, so that another metric of the same name (deleted and made anew) is a change, too: then the ids stand beside the name. */
function metricChange(baseline: readonly PinnedMetric[], candidate: readonly PinnedMetric[]): RunChange[] {
  const versionIn = (metrics: readonly PinnedMetric[], { metricId }: PinnedMetric): number | null => metrics.find((metric) => metric.metricId === metricId)?.number ?? null;
  const differing = [...baseline, ...candidate].filter((metric) => versionIn(baseline, metric) !== versionIn(candidate, metric));
  const label = ({ name, metricId }: PinnedMetric): string => (differing.some((other) => other.name === name && other.metricId !== metricId) ? `${name} (${metricId})` : name);
  const shown = (metrics: readonly PinnedMetric[]): Record<string, number | null> => {
    const names = differing.map((metric): [string, number | null] => [label(metric), null]);
    return { ...Object.fromEntries(names), ...Object.fromEntries(metrics.filter((metric) => differing.some(({ metricId }) => metricId === metric.metricId)).map((metric) => [label(metric), metric.number])) };
  };
  return differing.length === 0 ? [] : [{ what: "metricVersions", baseline: shown(baseline), candidate: shown(candidate) }];
}

/** The value as text, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === "object" && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each));
}
