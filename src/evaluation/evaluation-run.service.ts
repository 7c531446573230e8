import { once } from "../accounts/index.js";
import type { Db, Page, PageArgs, Trx } from "../db/index.js";
import { type Endpoint, endpointRefs } from "../endpoints/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, getByRef, refText } from "../entity-ref.js";
import { assertNoProblems, NotFoundError, type Problem } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import { executionProblems, type ExecutionMode, type RunControlService, type RunEvents, type RunService } from "../runs/index.js";
import { type TestSet, testSetRefs } from "../test-sets/index.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import type { EvaluationRun } from "./evaluation-run.js";
import { countEvaluationRuns, countRunsByTestCaseIds, type EvaluationRunFilter, findEvaluationRunsByIds, insertEvaluationRun, listEvaluationRuns } from "./evaluation-run.repository.js";
import type { EvaluationTestCaseVersion } from "./test-case.js";
import { findTestCaseVersion, lockTestCase, testCaseRefs } from "./test-case.repository.js";
import { assertUsable } from "./test-case.service.js";

/** Agents of one call at the most: all their runs are queued in one transaction. */
const MAX_AGENTS = 50;

/** Which test case to run, against which agents. */
export interface RunTestCase {
  readonly testCase: EntityRef;
  /** Null: the latest. */
  readonly version: number | null;
  readonly endpoints: readonly EntityRef[];
  readonly runName: string | null;
  readonly mode: ExecutionMode;
  readonly trials: number;
  readonly idempotencyKey: string | null;
}

/** Runs evaluation test cases. */
export class EvaluationRunService {
  readonly #deps: { db: Db; now: () => Date; runs: Pick<RunService, "queue">; control: Pick<RunControlService, "cancel">; events: Pick<RunEvents, "watch"> };

  constructor(deps: { db: Db; now: () => Date; runs: Pick<RunService, "queue">; control: Pick<RunControlService, "cancel">; events: Pick<RunEvents, "watch"> }) {
    this.#deps = deps;
  }

  /** A page, newest first. BAD_USER_INPUT for paging arguments. */
  list(scope: Scope, args: { filter: EvaluationRunFilter; page: PageArgs }): Promise<Page<EvaluationRun>> {
    return listEvaluationRuns(this.#deps.db, scope, args);
  }

  count(scope: Scope, filter: EvaluationRunFilter): Promise<number> {
    return countEvaluationRuns(this.#deps.db, scope, filter);
  }

  /** Null when it is not there. */
  async find(scope: Scope, id: string): Promise<EvaluationRun | null> {
    const [found] = isId(id, IdKind.EVALUATION_RUN) ? await findEvaluationRunsByIds(this.#deps.db, scope, [id]) : [];
    return found ?? null;
  }

  /**
   * Queues one run for each agent, in the agents' order, all of them or none. NOT_FOUND; BAD_USER_INPUT;
   * FAILED_PRECONDITION: DELETED, TEST_SET_EMPTY; CONFLICT: AMBIGUOUS_NAME, IDEMPOTENCY_MISMATCH.
   */
  async run(viewer: Viewer, args: RunTestCase): Promise<EvaluationRun[]> {
    requireRole(viewer, Role.EDITOR);
    const nameProblems = executionProblems({ trials: args.trials, attributes: {}, name: args.runName });
    assertNoProblems([...nameProblems.map((problem) => (problem.field === "input.name" ? { ...problem, field: "input.runName" } : problem)), ...agentProblems(args.endpoints)]);
    const { db } = this.#deps;
    const now = this.#deps.now();
    const request = { mutation: "runEvaluationTestCase", key: args.idempotencyKey, input: args };
    const ids = await db.transaction().execute((trx) => once(trx, viewer, request, now, () => this.#queueAll(trx, viewer, args, now)));
    const found = new Map((await findEvaluationRunsByIds(db, viewer, ids)).map((run) => [run.id, run]));
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  /** Cancels the test run. Safe to repeat while it is being cancelled. NOT_FOUND; FAILED_PRECONDITION, RUN_FINISHED. */
  async cancel(viewer: Viewer, id: string): Promise<EvaluationRun> {
    requireRole(viewer, Role.EDITOR);
    const run = await this.#get(viewer, id);
    await this.#deps.control.cancel(viewer, run.runId);
    return run;
  }

  /** The present state, then every change, until the terminal one. NOT_FOUND. */
  async watch(viewer: Viewer, id: string): Promise<AsyncIterableIterator<EvaluationRun>> {
    const run = await this.#get(viewer, id);
    const events = await this.#deps.events.watch(viewer, { runId: run.runId, after: null, withResults: false });
    // By hand, because a generator that waits cannot be ended from outside.
    const toRun = ({ done, value }: IteratorResult<{ run: NonNullable<EvaluationRun["testRun"]> }>): IteratorResult<EvaluationRun> => (done === true ? { done, value: undefined } : { done: false, value: { ...run, testRun: value.run } });
    const runs: AsyncIterableIterator<EvaluationRun> = {
      [Symbol.asyncIterator]: () => runs,
      next: async () => toRun(await events.next()),
      return: async () => toRun((await events.return?.()) ?? { done: true, value: undefined }),
      throw: async (error: unknown) => toRun((await events.throw?.(error)) ?? { done: true, value: undefined }),
    };
    return runs;
  }

  async #get(scope: Scope, id: string): Promise<EvaluationRun> {
    const run = await this.find(scope, id);
    if (run === null) throw new NotFoundError("evaluation run", id);
    return run;
  }

  async #queueAll(trx: Trx, viewer: Viewer, args: RunTestCase, now: Date): Promise<string[]> {
    const { id } = await getByRef(testCaseRefs(trx, viewer), args.testCase);
    const testCase = assertUsable(await lockTestCase(trx, viewer, id), id);
    const version = await findTestCaseVersion(trx, viewer, id, args.version ?? testCase.version);
    if (version === null) throw new NotFoundError(`version of the evaluation test case ${id}`, String(args.version));
    const testSet = assertNotDeleted("test set", await getByRef(testSetRefs(trx, viewer), { id: version.testSetId }));
    const agents = await usableAgents(trx, viewer, args.endpoints);
    const earlier = (await countRunsByTestCaseIds(trx, viewer, [id], { testCaseVersion: null, status: null })).get(id) ?? 0;
    const ids: string[] = [];
    for (const [index, agent] of agents.entries()) {
      const name = args.runName?.trim() ?? `${version.name} - Run ${earlier + index + 1}`;
      ids.push(await this.#queue(trx, viewer, { version, testSet, agent, name, mode: args.mode, trials: args.trials }, now));
    }
    return ids;
  }

  async #queue(trx: Trx, viewer: Viewer, args: { version: EvaluationTestCaseVersion; testSet: TestSet; agent: Endpoint; name: string; mode: ExecutionMode; trials: number }, now: Date): Promise<string> {
    const { version, testSet, agent, name, mode, trials } = args;
    const metrics = version.metricIds.map((metricId) => ({ id: metricId }));
    const options = { metrics, name, tags: [], experiment: null, experimentVersion: null, parameters: null };
    const runId = await this.#deps.runs.queue(trx, viewer, { testSet, endpoint: agent, tests: null, mode, trials, attributes: {} }, options, now);
    const id = newId(IdKind.EVALUATION_RUN, now.getTime());
    await insertEvaluationRun(trx, {
      organizationId: viewer.organizationId,
      id,
      name,
      testCaseId: version.testCaseId,
      testCaseVersionId: version.id,
      testCaseVersion: version.version,
      runId,
      agentId: newId(IdKind.EVALUATION_AGENT, now.getTime()),
      endpointId: agent.id,
      agent: JSON.stringify({ name: agent.name, versionHash: agent.versionHash, projectId: agent.projectId }),
      createdById: viewer.userId,
      queuedAt: now,
    });
    return id;
  }
}

/** The agents that the refs name, in their order, each once. NOT_FOUND names every unknown one; FAILED_PRECONDITION, DELETED. */
async function usableAgents(trx: Trx, viewer: Viewer, refs: readonly EntityRef[]): Promise<Endpoint[]> {
  const found = await findByRefs(endpointRefs(trx, viewer), refs);
  const unknown = refs.filter((_, index) => found[index] === null).map(refText);
  if (unknown.length > 0) throw new NotFoundError("endpoint", unknown.join('", "'));
  const agents = [...new Map(found.filter((each) => each !== null).map((each) => [each.id, each])).values()];
  return agents.map((agent) => assertNotDeleted("endpoint", agent));
}

function agentProblems(endpoints: readonly EntityRef[]): Problem[] {
  if (endpoints.length === 0) return [{ field: "input.endpoints", message: "Name at least one endpoint." }];
  return endpoints.length <= MAX_AGENTS ? [] : [{ field: "input.endpoints", message: `At most ${MAX_AGENTS} endpoints in one call; there are ${endpoints.length}.` }];
}
