import type { Db, Trx } from "../db/index.js";
import { canonicalJson, endpointRefs } from "../endpoints/index.js";
import { assertNotDeleted, type EntityRef, getByRef } from "../entity-ref.js";
import { assertNoProblems } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, newId } from "../ids.js";
import type { JobQueue } from "../queue/index.js";
import { type TestFilter, testSetRefs } from "../test-sets/index.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import { queueOnce } from "./queue-once.js";
import type { ExecutionMode, TestRun } from "./run.js";
import { executionProblems } from "./run-limits.js";
import { planRun, type RunOptions, type RunPlan, type RunTarget } from "./run-plan.js";
import { findOrInsertConfiguration } from "./run-write.repository.js";
import { RunWriter } from "./run-writer.js";
import { configurationRow, filterOf } from "./test-configuration.js";
import { getUsableConfiguration } from "./test-configuration.service.js";

/** What to execute, and how. */
export interface ExecuteTestSet extends RunOptions {
  readonly testSet: EntityRef;
  readonly endpoint: EntityRef;
  readonly mode: ExecutionMode;
  /** Null: the whole set. */
  readonly tests: TestFilter | null;
  readonly trials: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | null;
}

/** Which configuration to execute, and what it does not say. */
export interface ExecuteTestConfiguration extends Omit<RunOptions, "tags"> {
  readonly configurationId: string;
  readonly idempotencyKey: string | null;
}

/** Starts runs. */
export class RunService {
  readonly #deps: { db: Db; now: () => Date };
  readonly #writer: RunWriter;

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date }) {
    this.#deps = deps;
    this.#writer = new RunWriter(deps);
  }

  /**
   * Queues a run: its row, plan, jobs and notification in one transaction, in a handful of rows however many tests
   * there are. NOT_FOUND; BAD_USER_INPUT: PARAMETERS_NEED_EXPERIMENT; FAILED_PRECONDITION: DELETED, TEST_SET_EMPTY;
   * CONFLICT: AMBIGUOUS_NAME, IDEMPOTENCY_MISMATCH.
   */
  async execute(viewer: Viewer, args: ExecuteTestSet): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems(executionProblems(args));
    return this.#once(viewer, "executeTestSet", args, async (trx, now) => {
      return this.queue(trx, viewer, await targetOf(trx, viewer, args), args, now);
    });
  }

  /** Queues a run in the caller's transaction, for rooms that queue something of their own with it; answers its id. Refuses what `execute` refuses of its target. */
  async queue(trx: Trx, viewer: Viewer, target: RunTarget, options: RunOptions, now: Date): Promise<string> {
    const plan = await planRun(trx, viewer, target, options, now);
    return this.#writer.write(trx, viewer, plan, { configurationId: await findOrInsertConfiguration(trx, configurationOf(viewer, plan, now)), now });
  }

  /** Queues a run as the configuration says. Answers and refuses what `execute` does. */
  async executeConfiguration(viewer: Viewer, args: ExecuteTestConfiguration): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems(executionProblems({ trials: 1, attributes: {}, name: args.name }));
    return this.#once(viewer, "executeTestConfiguration", args, async (trx, now) => {
      const target = await this.#targetOf(trx, viewer, args.configurationId);
      const plan = await planRun(trx, viewer, target, { ...args, tags: [] }, now);
      return this.#writer.write(trx, viewer, plan, { configurationId: args.configurationId, now });
    });
  }

  async #targetOf(trx: Trx, viewer: Viewer, configurationId: string): Promise<RunTarget> {
    const configuration = await getUsableConfiguration(trx, viewer, configurationId);
    const { testSetId, endpointId, mode, trials, attributes } = configuration;
    const testSet = testSetId === null ? null : assertNotDeleted("test set", await getByRef(testSetRefs(trx, viewer), { id: testSetId }));
    const endpoint = assertNotDeleted("endpoint", await getByRef(endpointRefs(trx, viewer), { id: endpointId }));
    return { testSet, endpoint, tests: filterOf(configuration), mode, trials, attributes };
  }

  /** Runs `act` in one transaction, once for an idempotency key, and answers the run that it queued. */
  #once(viewer: Viewer, mutation: string, args: ExecuteTestSet | ExecuteTestConfiguration, act: (trx: Trx, now: Date) => Promise<string>): Promise<TestRun> {
    // As text: in parameters null is a value, elsewhere it says "not given".
    const input = { ...args, parameters: args.parameters === null ? null : canonicalJson(args.parameters) };
    return queueOnce(this.#deps, viewer, { mutation, key: args.idempotencyKey, input }, act);
  }
}

/** What an execution of a set goes to. NOT_FOUND; FAILED_PRECONDITION, DELETED; CONFLICT, AMBIGUOUS_NAME. */
export async function targetOf(trx: Trx, viewer: Viewer, { mode, trials, attributes, tests, ...refs }: ExecuteTestSet): Promise<RunTarget> {
  const testSet = assertNotDeleted("test set", await getByRef(testSetRefs(trx, viewer), refs.testSet));
  const endpoint = assertNotDeleted("endpoint", await getByRef(endpointRefs(trx, viewer), refs.endpoint));
  return { testSet, endpoint, tests, mode, trials, attributes };
}

/** The configuration that an execution of a set amounts to. */
export function configurationOf(viewer: Viewer, plan: RunPlan, now: Date) {
  const { testSet, endpoint, selection, mode, trials, attributes } = plan;
  const filter = {
    behaviorId: selection?.behaviorId ?? null,
    categoryId: selection?.categoryId ?? null,
    topicId: selection?.topicId ?? null,
    promptId: selection?.promptId ?? null,
    useCaseId: selection?.useCaseId ?? null,
  };
  return configurationRow(viewer, { id: newId(IdKind.TEST_CONFIGURATION, now.getTime()), endpointId: endpoint.id, testSetId: testSet?.id ?? null, ...filter, mode, trials, attributes, createdAt: now });
}
