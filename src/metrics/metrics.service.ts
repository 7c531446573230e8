import { isDeepStrictEqual } from "node:util";
import { saysNothingChanged } from "../accounts/index.js";
import { type Db, type Page, type PageArgs, parsePaging, type Trx, uniqueViolation } from "../db/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, getByRef } from "../entity-ref.js";
import { MASK, modelRefs } from "../endpoints/index.js";
import { ConflictError, NotFoundError } from "../errors.js";
import { IdKind, newId } from "../ids.js";
import type { SecretBox } from "../secrets.js";
import type { Scope, Viewer } from "../viewer.js";
import type { Metric, MetricDefinition } from "./metric.js";
import { removeMetricEverywhere } from "./metric-assignments.repository.js";
import { assertUsable, defineMetric, redefineMetric } from "./metric-definition.js";
import type { DefinitionGround, MetricFields, NewMetric } from "./metric-fields.js";
import { metricRefs } from "./metric-refs.js";
import { sealedSecret } from "./metric-secrets.js";
import { countMetrics, findMetricsByIds, insertMetric, listMetrics, lockMetricById, markMetricDeleted, type MetricFilter, updateMetric, updateMetricSecret } from "./metrics.repository.js";

/** Makes, changes and hides metrics. */
export class MetricsService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #secrets: SecretBox;
  readonly #allowPrivate: boolean;

  constructor(deps: { db: Db; now: () => Date; secrets: SecretBox; allowPrivateAddresses: boolean }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#secrets = deps.secrets;
    this.#allowPrivate = deps.allowPrivateAddresses;
  }

  /** Null when there is none: a lookup, not a use. */
  async find(scope: Scope, ref: EntityRef): Promise<Metric | null> {
    const [metric] = await findByRefs(metricRefs(this.#db, scope), [ref]);
    return metric ?? null;
  }

  list(scope: Scope, filter: MetricFilter, args: PageArgs): Promise<Page<Metric>> {
    return listMetrics(this.#db, scope, filter, parsePaging(args, ["metrics", filter]));
  }

  count(scope: Scope, filter: MetricFilter): Promise<number> {
    return countMetrics(this.#db, scope, filter);
  }

  /** BAD_USER_INPUT with every problem (reason BLOCKED_ADDRESS for a private address); NOT_FOUND and DELETED for the model; CONFLICT, NAME_TAKEN. */
  async createMetric(viewer: Viewer, given: NewMetric): Promise<Metric> {
    const defined = defineMetric(given, await this.#ground(this.#db, viewer, given));
    assertUsable(defined);
    return this.#write(viewer, defined.definition, async (trx) => {
      const metricId = newId(IdKind.METRIC, this.#now().getTime());
      const secret = given.secret == null ? null : sealedSecret(this.#secrets, metricId, given.secret);
      await insertMetric(trx, viewer, this.#version(viewer, metricId, 1, defined.definition), secret);
      return metricId;
    });
  }

  /**
   * A new version, or the metric as it is when nothing changes; a secret is in no version. NOT_FOUND; DELETED;
   * BAD_USER_INPUT; CONFLICT, NAME_TAKEN. Safe to repeat.
   */
  async updateMetric(viewer: Viewer, ref: EntityRef, changes: MetricFields): Promise<Metric> {
    const found = assertNotDeleted("metric", await getByRef(metricRefs(this.#db, viewer), ref));
    const ground = await this.#ground(this.#db, viewer, changes);
    return this.#write(viewer, { name: changes.name ?? found.name }, async (trx) => {
      const locked = await lockMetricById(trx, viewer, found.id);
      if (locked === null) throw new NotFoundError("metric", found.id);
      const present = definitionOf(assertNotDeleted("metric", locked));
      const defined = redefineMetric(present, changes, { ...ground, hasSecret: locked.hasSecret });
      assertUsable(defined);
      const [keepsDefinition, keepsSecret] = [isDeepStrictEqual(defined.definition, present), changes.secret === undefined || changes.secret === MASK];
      if (!keepsDefinition) await updateMetric(trx, viewer, this.#version(viewer, found.id, locked.version + 1, defined.definition));
      if (keepsDefinition && keepsSecret) saysNothingChanged();
      if (changes.secret !== undefined && !keepsSecret) await updateMetricSecret(trx, viewer, { id: found.id, now: this.#now(), secret: changes.secret === null ? null : sealedSecret(this.#secrets, found.id, changes.secret) });
      return found.id;
    });
  }

  /** Hides the metric and takes it off sets and behaviors; results keep it. NOT_FOUND; DELETED when it was deleted before. */
  async deleteMetric(viewer: Viewer, ref: EntityRef): Promise<string> {
    const metric = assertNotDeleted("metric", await getByRef(metricRefs(this.#db, viewer), ref));
    await this.#db.transaction().execute(async (trx) => {
      await markMetricDeleted(trx, viewer, metric.id, this.#now());
      await removeMetricEverywhere(trx, viewer, metric.id);
    });
    return metric.id;
  }

  /** NOT_FOUND for a model that is not there; FAILED_PRECONDITION, DELETED for one that was deleted. */
  async #ground(db: Db, scope: Scope, { model }: MetricFields): Promise<DefinitionGround> {
    const ground = { allowPrivate: this.#allowPrivate, hasSecret: false };
    if (model == null) return { ...ground, modelId: model };
    const named = assertNotDeleted("model", await getByRef(modelRefs(db, scope), model));
    return { ...ground, modelId: named.id, hasEmbeddingModel: named.embeddingModel !== null };
  }

  /** Runs the change in one transaction and answers the metric as it is then. */
  async #write(viewer: Viewer, named: { readonly name: string }, change: (trx: Trx) => Promise<string>): Promise<Metric> {
    try {
      return await this.#db.transaction().execute(async (trx) => {
        const id = await change(trx);
        const [metric] = await findMetricsByIds(trx, viewer, [id]);
        if (metric === undefined) throw new NotFoundError("metric", id);
        return metric;
      });
    } catch (error) {
      if (uniqueViolation(error) !== "metrics_name_key") throw error;
      throw new ConflictError("NAME_TAKEN", `There already is a metric "${named.name}". Choose another name, or update that metric.`);
    }
  }

  #version(viewer: Viewer, metricId: string, number: number, definition: MetricDefinition) {
    const now = this.#now();
    return { metricId, versionId: newId(IdKind.METRIC_VERSION, now.getTime()), number, definition, createdById: viewer.userId, now };
  }
}

/** The definition without the metric's identity. */
function definitionOf(metric: Metric): MetricDefinition {
  const { organizationId: _organizationId, id: _id, version: _version, versionId: _versionId, hasSecret: _hasSecret, createdAt: _createdAt, updatedAt: _updatedAt, deletedAt: _deletedAt, ...definition } = metric;
  return definition;
}
