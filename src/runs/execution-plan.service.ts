import type { Db, Trx } from "../db/index.js";
import { assertNoProblems, FailedPreconditionError, NotFoundError } from "../errors.js";
import { findMetricsByIds, findMetricVersionsByIds } from "../metrics/index.js";
import { countTestShapes } from "../test-sets/index.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import { countPlan, type ExecutionPlan, type MetricOfPlan, refusedPlan, type SkipReason } from "./execution-plan.js";
import { executionProblems, overridesOf } from "./run-limits.js";
import { planRun, type RunPlan } from "./run-plan.js";
import { type ExecuteTestSet, targetOf } from "./run.service.js";

/** Tells what an execution would come to before anything is spent. */
export class ExecutionPlanService {
  readonly #deps: { db: Db; now: () => Date; skipReason: SkipReason };

  constructor(deps: { db: Db; now: () => Date; skipReason: SkipReason }) {
    this.#deps = deps;
  }

  /**
   * Plans the run that executeTestSet would queue, by the same code, and changes nothing; null when the set or the
   * endpoint is not there. What it would refuse for the state of things is a problem of the plan; BAD_USER_INPUT,
   * CONFLICT, and NOT_FOUND for anything else, are thrown as it throws them.
   */
  async plan(viewer: Viewer, args: ExecuteTestSet): Promise<ExecutionPlan | null> {
    requireRole(viewer, Role.VIEWER);
    assertNoProblems(executionProblems(args));
    const trx = await this.#deps.db.startTransaction().execute();
    try {
      const target = await targetOf(trx, viewer, args).catch(nullIfNotFound);
      return target === null ? null : await this.#count(trx, viewer, await planRun(trx, viewer, target, args, this.#deps.now()));
    } catch (error) {
      if (error instanceof FailedPreconditionError) return refusedPlan(error.message);
      throw error;
    } finally {
      // Inline parameters were committed as a version, as in an execution.
      await trx.rollback().execute();
    }
  }

  async #count(trx: Trx, viewer: Viewer, plan: RunPlan): Promise<ExecutionPlan> {
    const { endpoint, trials, attributes } = plan;
    return countPlan(
      {
        shapes: await countTestShapes(trx, viewer, plan.segments),
        metrics: await metricsOfPlan(trx, viewer, plan),
        trials,
        maxAttempts: overridesOf(attributes).maxAttempts ?? endpoint.limits.maxAttempts,
        mapsContext: endpoint.responseMapping["context"] != null,
      },
      this.#deps.skipReason,
    );
  }
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof NotFoundError) return null;
  throw error;
}

async function metricsOfPlan(trx: Trx, viewer: Viewer, { metrics: { metrics } }: RunPlan): Promise<MetricOfPlan[]> {
  if (metrics.length === 0) return [];
  const byId = new Map((await findMetricsByIds(trx, viewer, metrics.map(({ metricId }) => metricId))).map((metric) => [metric.id, metric]));
  const versions = new Map((await findMetricVersionsByIds(trx, viewer, metrics.map(({ metricVersionId }) => metricVersionId))).map((version) => [version.id, version]));
  return metrics.flatMap(({ metricId, metricVersionId, behaviorIds }) => {
    const [metric, version] = [byId.get(metricId), versions.get(metricVersionId)];
    return metric === undefined || version === undefined ? [] : [{ metric, definition: version.definition, behaviorIds }];
  });
}
