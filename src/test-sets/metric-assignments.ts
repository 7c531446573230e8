import type { Trx } from "../db/index.js";
import type { EntityRef } from "../entity-ref.js";
import type { Viewer } from "../viewer.js";

/** Assigns metrics to what this room makes. The metrics room provides it; this room knows no metric. */
export interface MetricAssignments {
  /** Replaces the set's metrics. BAD_USER_INPUT or NOT_FOUND as for any assignment; `field` is the refs' path in the input. */
  assignToTestSet(trx: Trx, viewer: Viewer, testSetId: string, refs: readonly EntityRef[], field: string): Promise<void>;
  /** Gives the set the metric that judges tests by their own assertions, if it has none such; the caller holds the set's lock. BAD_USER_INPUT when the set has as many metrics as it may. */
  assignAssertions(trx: Trx, viewer: Viewer, testSetId: string, field: string): Promise<void>;
  /** Replaces the behavior's metrics. */
  assignToBehavior(trx: Trx, viewer: Viewer, behaviorId: string, refs: readonly EntityRef[], field: string): Promise<void>;
}
