import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findOpenRuns, type OpenRun } from "./planned-result.repository.js";
import type { Span } from "./result-order.js";
import type { ResultList } from "./result-page.repository.js";

/** Runs that are looked at together: more cost a statement over all partitions. */
const NEAR_RUNS = 8;

/** The runs next to where a stretch of a list over all runs begins, in the order of reading. */
export interface NearRuns {
  readonly runs: readonly OpenRun[];
  /** The run that may hold all of the stretch by itself; null where it is too small. */
  readonly first: string | null;
  /** Whether there are no others further on. */
  readonly isAll: boolean;
}

/** Null where the list is not ordered by runs, or is cut on both sides: what lies near its beginning tells little then. */
export async function findNearRuns(db: Db, scope: Scope, { order, filter }: ResultList, span: Span): Promise<NearRuns | null> {
  const [part, ...others] = order.parts;
  if (part === undefined || others.length > 0 || part.column !== null || (span.after !== null && span.before !== null)) return null;
  const start = (span.backward ? span.before : span.after)?.key;
  const [from, to] = span.backward ? [start?.runId ?? null, null] : [null, start?.runId ?? null];
  if ((span.backward ? span.after : span.before) !== null) return null;
  const found = await findOpenRuns(db, scope, { statuses: null, filter, ids: null, from, to, newestFirst: !span.backward, limit: NEAR_RUNS + 1 });
  const [first] = found;
  const isAscending = (order.ordinalDirection === "asc") !== span.backward;
  const left = first === undefined ? 0 : first.id !== start?.runId ? first.total : isAscending ? first.total - start.ordinal : start.ordinal - 1;
  return { runs: found.slice(0, NEAR_RUNS), first: first !== undefined && (left >= span.take || found.length === 1) ? first.id : null, isAll: found.length <= NEAR_RUNS };
}
