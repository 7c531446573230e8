import { isDeepStrictEqual } from "node:util";
import { saysNothingChanged } from "../accounts/index.js";
import type { Db, Trx } from "../db/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, getByRef } from "../entity-ref.js";
import { ConflictError, FailedPreconditionError, NotFoundError } from "../errors.js";
import { IdKind, newId } from "../ids.js";
import { type Label, LabelKind, labelRefs, lockTestSetById, type MetricAssignments, type TestSet, testSetRefs } from "../test-sets/index.js";
import type { Scope, Viewer } from "../viewer.js";
import { findMetricsOf, lockBehavior, replaceMetricsOf } from "./metric-assignments.repository.js";
import { defineMetric } from "./metric-definition.js";
import { assertMetricCount, getUsableMetrics, metricRefs } from "./metric-refs.js";
import { findMetricDefinedAs, findMetricsByNames, insertMetric, lockAssertionsMetric } from "./metrics.repository.js";

/** What the metric for imported assertions is called, if the name is free. */
const ASSERTIONS = "assertions";

/** Which metrics apply to which sets and behaviors. Every change is all or nothing. */
export class MetricAssignmentsService implements MetricAssignments {
  readonly #db: Db;
  readonly #now: () => Date;

  constructor(deps: { db: Db; now: () => Date }) {
    this.#db = deps.db;
    this.#now = deps.now;
  }

  /** Replaces the set's metrics. NOT_FOUND and DELETED for metrics; BAD_USER_INPUT for more than 20. */
  async assignToTestSet(trx: Trx, viewer: Viewer, testSetId: string, refs: readonly EntityRef[], field: string): Promise<void> {
    const metrics = await getUsableMetrics(trx, viewer, refs, field);
    await replaceMetricsOf(trx, viewer, "testSet", testSetId, metrics.map((metric) => metric.id));
  }

  /** Replaces the behavior's metrics, likewise. */
  async assignToBehavior(trx: Trx, viewer: Viewer, behaviorId: string, refs: readonly EntityRef[], field: string): Promise<void> {
    const metrics = await getUsableMetrics(trx, viewer, refs, field);
    await lockBehavior(trx, viewer, behaviorId);
    await replaceMetricsOf(trx, viewer, "behavior", behaviorId, metrics.map((metric) => metric.id));
  }

  /**
   * Gives the set the metric that judges tests by their own assertions, making it where the organization has none, for
   * tests that bring some. The caller holds the set's lock. BAD_USER_INPUT when the set has 20 metrics already.
   */
  async assignAssertions(trx: Trx, viewer: Viewer, testSetId: string, field: string): Promise<void> {
    const present = await findMetricsOf(trx, viewer, "testSet", [testSetId]);
    if (present.some((metric) => metric.builtIn === ASSERTIONS)) return;
    assertMetricCount(present.length + 1, field);
    await lockAssertionsMetric(trx, viewer);
    const metricId = (await findMetricDefinedAs(trx, viewer, { builtIn: ASSERTIONS, threshold: 1, thresholdOperator: "GTE" }))?.id ?? (await this.#makeAssertions(trx, viewer));
    await replaceMetricsOf(trx, viewer, "testSet", testSetId, [...present.map((metric) => metric.id), metricId]);
  }

  async #makeAssertions(trx: Trx, viewer: Viewer): Promise<string> {
    const now = this.#now();
    const isTaken = (await findMetricsByNames(trx, viewer, [ASSERTIONS])).length > 0;
    const metricId = newId(IdKind.METRIC, now.getTime());
    const { definition } = defineMetric({ name: isTaken ? `${ASSERTIONS} (${metricId.slice(-6)})` : ASSERTIONS, kind: "BUILT_IN", builtIn: ASSERTIONS, description: "Judges each test by the assertions that it was imported with." });
    await insertMetric(trx, viewer, { metricId, versionId: newId(IdKind.METRIC_VERSION, now.getTime()), number: 1, definition, createdById: viewer.userId, now });
    return metricId;
  }

  /** Adds metrics after those that the set has. NOT_FOUND; DELETED; CONFLICT, METRIC_ALREADY_ASSIGNED; BAD_USER_INPUT for more than 20. */
  addTestSetMetrics(viewer: Viewer, ref: EntityRef, refs: readonly EntityRef[]): Promise<TestSet> {
    return this.#changeTestSet(viewer, ref, async (trx, set) => {
      const added = await getUsableMetrics(trx, viewer, refs, "input.metrics");
      const present = await findMetricsOf(trx, viewer, "testSet", [set.id]);
      const twice = added.filter((metric) => present.some(({ id }) => id === metric.id));
      if (twice.length > 0) {
        const names = twice.map((metric) => `"${metric.name}"`).join(", ");
        throw new ConflictError("METRIC_ALREADY_ASSIGNED", `The test set "${set.name}" already has ${names}. Nothing was changed.`, { ids: twice.map((metric) => metric.id) });
      }
      assertMetricCount(present.length + added.length, "input.metrics");
      return [...present, ...added].map((metric) => metric.id);
    });
  }

  /** Removes metrics. NOT_FOUND; FAILED_PRECONDITION, METRIC_NOT_ASSIGNED for those that the set does not have. */
  removeTestSetMetrics(viewer: Viewer, ref: EntityRef, refs: readonly EntityRef[]): Promise<TestSet> {
    return this.#changeTestSet(viewer, ref, async (trx, set) => {
      const found = await findByRefs(metricRefs(trx, viewer), refs);
      const unknown = refs.filter((_, index) => found[index] === null).map(({ id, name }) => id ?? name);
      if (unknown.length > 0) throw new NotFoundError("metric", unknown.join('", "'));
      const removed = new Map(found.filter((metric) => metric !== null).map((metric) => [metric.id, metric]));
      const present = await findMetricsOf(trx, viewer, "testSet", [set.id]);
      const absent = [...removed.values()].filter((metric) => !present.some(({ id }) => id === metric.id));
      if (absent.length > 0) {
        const names = absent.map((metric) => `"${metric.name}"`).join(", ");
        throw new FailedPreconditionError("METRIC_NOT_ASSIGNED", `The test set "${set.name}" does not have ${names}. Nothing was changed.`, { ids: absent.map((metric) => metric.id) });
      }
      return present.map((metric) => metric.id).filter((id) => !removed.has(id));
    });
  }

  /** Makes the behavior's metrics just these. NOT_FOUND; DELETED; BAD_USER_INPUT for more than 20. */
  async setBehaviorMetrics(viewer: Viewer, ref: EntityRef, refs: readonly EntityRef[]): Promise<Label> {
    const behavior = await getByRef(labelRefs(this.#db, viewer, LabelKind.BEHAVIOR), ref);
    await this.#db.transaction().execute(async (trx) => {
      await lockBehavior(trx, viewer, behavior.id);
      const idsNow = async (): Promise<string[]> => (await findMetricsOf(trx, viewer, "behavior", [behavior.id])).map((metric) => metric.id);
      const before = await idsNow();
      await this.assignToBehavior(trx, viewer, behavior.id, refs, "input.metrics");
      if (isDeepStrictEqual(await idsNow(), before)) saysNothingChanged();
    });
    return behavior;
  }

  /** Puts what `change` answers in the place of the set's metrics, under the set's lock. */
  async #changeTestSet(scope: Scope, ref: EntityRef, change: (trx: Trx, set: TestSet) => Promise<readonly string[]>): Promise<TestSet> {
    const found = await getByRef(testSetRefs(this.#db, scope), ref);
    return this.#db.transaction().execute(async (trx) => {
      const set = await lockTestSetById(trx, scope, found.id);
      if (set === null) throw new NotFoundError("test set", found.id);
      assertNotDeleted("test set", set);
      await replaceMetricsOf(trx, scope, "testSet", set.id, await change(trx, set));
      return set;
    });
  }
}
