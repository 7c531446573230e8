import type { DateTimeFilter } from "../db/index.js";
import { IdKind, isId } from "../ids.js";
import { type ResultErrorType, TestResultStatus } from "./result.js";
import type { MetricResultStatus } from "./result.table.js";
import { ACTIVE_STATUSES, TestRunStatus } from "./run.js";

/** A metric's verdict on a result; the metric is named as it was called when the run was queued. */
export interface MetricResultFilter {
  readonly name: string;
  readonly status?: readonly MetricResultStatus[] | null | undefined;
  readonly minScore?: number | null | undefined;
  readonly maxScore?: number | null | undefined;
}

/** An immutable content of a test. */
export interface Content {
  readonly id: string;
  readonly testId: string;
}

/** What the text of a search stands for, as far as it was looked up. */
export interface FoundText {
  /** As PostgreSQL's tsquery. */
  readonly query: string;
  /** The contents of tests that match; null where they are too many to list. */
  readonly revisionIds: readonly string[] | null;
  /** All results of the lists that match; null where they are too many to list. */
  readonly places: readonly { readonly runId: string; readonly ordinal: number }[] | null;
  /** The run that they are all of, where the list is of one. */
  readonly runId: string | null;
}

/** Where the outputs of a run are: under which run they were stored, in which partition. */
export interface OutputSource {
  readonly runId: string;
  readonly partition: string;
}

/** By what the indexes find results of one run among which few match; each that they find is looked at still. */
export interface Candidates {
  /** Null for each run that the statement looks at. */
  readonly runId: string | null;
  /** The tests with the properties that the filter names; null where it names none. */
  readonly testIds: readonly string[] | null;
  /** The tests that ask by the words of the search; null where nothing is searched. */
  readonly askedTestIds: readonly string[] | null;
}

/** Which results are meant; the fields are ANDed, and an ill-formed id matches nothing. */
export interface TestResultFilter {
  readonly runId?: string | null | undefined;
  readonly testId?: string | null | undefined;
  readonly testSetId?: string | null | undefined;
  readonly endpointId?: string | null | undefined;
  readonly projectId?: string | null | undefined;
  readonly status?: readonly TestResultStatus[] | null | undefined;
  readonly automatedStatus?: readonly TestResultStatus[] | null | undefined;
  readonly errorType?: readonly ResultErrorType[] | null | undefined;
  readonly behaviorId?: string | null | undefined;
  readonly categoryId?: string | null | undefined;
  readonly topicId?: string | null | undefined;
  readonly useCaseId?: string | null | undefined;
  /** The test carries each of these. */
  readonly tags?: readonly string[] | null | undefined;
  readonly trial?: number | null | undefined;
  /** Words, each the beginning of one in the prompt (or the goal or a scripted turn), or each of one in the output. */
  readonly search?: string | null | undefined;
  /** What the search finds; never asked for, but looked up before the list is read. */
  readonly found?: FoundText | undefined;
  /** Likewise, of the list of one run, in place of what is found above and below. */
  readonly candidates?: Candidates | undefined;
  /** Likewise where the outputs of that run are; null where it has none. */
  readonly outputs?: OutputSource | null | undefined;
  /** Likewise the contents of tests with the behavior, labels and tags; null where they are too many to list. */
  readonly contents?: readonly Content[] | null | undefined;
  readonly metric?: MetricResultFilter | null | undefined;
  /** Whether it has a review of any target. */
  readonly reviewed?: boolean | null | undefined;
  /** Whether a reviewer changed its verdict. */
  readonly corrected?: boolean | null | undefined;
  readonly minLatencyMs?: number | null | undefined;
  readonly finishedAt?: DateTimeFilter | null | undefined;
}

const ID_KINDS = {
  runId: IdKind.TEST_RUN,
  testId: IdKind.TEST,
  testSetId: IdKind.TEST_SET,
  endpointId: IdKind.ENDPOINT,
  projectId: IdKind.PROJECT,
  behaviorId: IdKind.BEHAVIOR,
  categoryId: IdKind.CATEGORY,
  topicId: IdKind.TOPIC,
  useCaseId: IdKind.USE_CASE,
} as const satisfies Partial<Record<keyof TestResultFilter, IdKind>>;

const FIELDS = [
  "runId", "testId", "testSetId", "endpointId", "projectId", "status", "automatedStatus", "errorType", "behaviorId", "categoryId", "topicId", "useCaseId",
  "tags", "trial", "search", "metric", "reviewed", "corrected", "minLatencyMs", "finishedAt",
] as const satisfies readonly (keyof TestResultFilter)[]; // prettier-ignore

function says(filter: TestResultFilter, field: keyof TestResultFilter): boolean {
  const value = filter[field];
  if (value == null || (field === "search" && value === "") || (field === "tags" && filter.tags?.length === 0)) return false;
  return field !== "finishedAt" || Object.values(filter.finishedAt ?? {}).some((bound) => bound != null);
}

/** The filter with only the fields that say something, in one order, so that equal filters are equal as JSON. */
export function normalizeResultFilter(filter: TestResultFilter | null | undefined): TestResultFilter {
  if (filter == null) return {};
  return Object.fromEntries(FIELDS.filter((field) => says(filter, field)).map((field) => [field, filter[field]]));
}

/** Whether nothing can match: an id that is none, a list without a member, a trial that no run has. */
export function matchesNothing(filter: TestResultFilter): boolean {
  const ids = Object.entries(ID_KINDS) as [keyof typeof ID_KINDS, IdKind][]; // Object.entries forgets the keys' type
  if (ids.some(([field, kind]) => filter[field] != null && !isId(filter[field], kind))) return true;
  const lists = [filter.status, filter.automatedStatus, filter.errorType, filter.metric?.status];
  return lists.some((list) => list?.length === 0) || (filter.trial != null && filter.trial < 1);
}

/** Whether it asks what other tables tell of each result: of its test, its texts or its metrics. */
export function asksElsewhere(filter: TestResultFilter): boolean {
  return [filter.behaviorId, filter.categoryId, filter.topicId, filter.useCaseId, filter.tags, filter.search, filter.metric].some((field) => field != null);
}

/** Whether it names a range of times or latencies: what is in it may stand together anywhere in a list by position. */
export function namesRange(filter: TestResultFilter): boolean {
  return filter.finishedAt != null || filter.minLatencyMs != null;
}

/** The statuses of planned results without a row. */
export type UnstoredStatus = "PENDING" | "RUNNING" | "CANCELLED";
const UNSTORED: readonly UnstoredStatus[] = [TestResultStatus.PENDING, TestResultStatus.RUNNING, TestResultStatus.CANCELLED];

/** Which planned results without a row the filter lets through: they have no error, no times, no metric results and no reviews. */
export function unstoredStatuses(filter: TestResultFilter): readonly UnstoredStatus[] {
  if (filter.reviewed === true || filter.corrected === true) return [];
  if (filter.errorType != null || filter.metric != null || filter.minLatencyMs != null || filter.finishedAt != null) return [];
  return UNSTORED.filter((status) => (filter.status?.includes(status) ?? true) && (filter.automatedStatus?.includes(status) ?? true));
}

/** The statuses that stored results may have under the filter; null when it does not say. */
export function statusesOf(filter: TestResultFilter): readonly TestResultStatus[] | null {
  return filter.status == null ? null : [...new Set(filter.status)];
}

/** In which statuses runs have planned results without a row in these. */
export function statusesWith(unstored: readonly UnstoredStatus[]): readonly TestRunStatus[] {
  return [...(unstored.some((status) => status !== TestResultStatus.CANCELLED) ? ACTIVE_STATUSES : []), ...(unstored.includes(TestResultStatus.CANCELLED) ? [TestRunStatus.CANCELLED] : [])];
}
