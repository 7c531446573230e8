import type { Db, Page, PageArgs } from "../db/index.js";
import { type EntityRef, findByRefs } from "../entity-ref.js";
import type { Scope } from "../viewer.js";
import { findRunningOrdinals } from "./plan.repository.js";
import { type TestResult, TestResultStatus } from "./result.js";
import { countByCounters } from "./result-count.js";
import { countOverRuns, countResults } from "./result-count.repository.js";
import { matchesNothing, type TestResultFilter } from "./result-filter.js";
import { pageOfResults, type ResultListArgs } from "./result-pages.js";
import type { ResultParents } from "./result-page.repository.js";
import { isTerminal, type TestRun } from "./run.js";
import { countRuns, pageRuns, type RunListArgs, type TestRunFilter } from "./run-page.repository.js";
import { progressOf } from "./run-progress.js";
import { findRunsByIds, runRefs } from "./run.repository.js";
import { countConfigurations, listConfigurations, type TestConfiguration, type TestConfigurationFilter } from "./test-configuration.repository.js";

/** Stands for the one list over all runs. */
const ALL = "all";

/** Finds runs, their results and their configurations. */
export class RunReadService {
  readonly #db: Db;

  constructor(deps: { db: Db }) {
    this.#db = deps.db;
  }

  /** Null when it is not there. CONFLICT, AMBIGUOUS_NAME for a name that several runs have. */
  async findRun(scope: Scope, ref: EntityRef): Promise<TestRun | null> {
    const [found] = await findByRefs(runRefs(this.#db, scope), [ref]);
    return found ?? null;
  }

  /** BAD_USER_INPUT for paging arguments. */
  listRuns(scope: Scope, args: RunListArgs): Promise<Page<TestRun>> {
    return pageRuns(this.#db, scope, args);
  }

  countRuns(scope: Scope, filter: TestRunFilter | null): Promise<number> {
    return countRuns(this.#db, scope, filter);
  }

  /** Results of the run or test that the filter names, else of all runs. BAD_USER_INPUT for paging arguments. */
  async listResults(scope: Scope, args: ResultListArgs): Promise<Page<TestResult> | null> {
    const parents = parentsOf(args.filter);
    return (await pageOfResults(this.#db, scope, parents, args)).get(parents.ids[0] ?? ALL) ?? null;
  }

  async countResults(scope: Scope, filter: TestResultFilter): Promise<number> {
    if (matchesNothing(filter)) return 0;
    const parents = parentsOf(filter);
    if (parents.kind === "all") {
      const sum = await countOverRuns(this.#db, scope, filter);
      if (sum !== null) return sum;
    }
    const [run] = parents.kind === "run" ? await findRunsByIds(this.#db, scope, parents.ids) : [];
    if (parents.kind === "run" && run === undefined) return 0;
    const known = run === undefined ? null : countByCounters(run, filter, await this.#running(scope, run, filter));
    return known ?? (await countResults(this.#db, scope, { parents, filter })).get(parents.ids[0] ?? ALL) ?? 0;
  }

  /** BAD_USER_INPUT for paging arguments. */
  listConfigurations(scope: Scope, args: { filter: TestConfigurationFilter; page: PageArgs }): Promise<Page<TestConfiguration>> {
    return listConfigurations(this.#db, scope, args);
  }

  countConfigurations(scope: Scope, filter: TestConfigurationFilter): Promise<number> {
    return countConfigurations(this.#db, scope, filter);
  }

  async #running(scope: Scope, run: TestRun, filter: TestResultFilter): Promise<number | null> {
    if (isTerminal(run.status)) return 0;
    if (!splitsUnfinished(filter)) return null;
    return progressOf(run, (await findRunningOrdinals(this.#db, scope, [run.id])).get(run.id) ?? []).running;
  }
}

/** Whether the filter wants one of PENDING and RUNNING without the other. */
export function splitsUnfinished(filter: TestResultFilter): boolean {
  return filter.status != null && filter.status.includes(TestResultStatus.PENDING) !== filter.status.includes(TestResultStatus.RUNNING);
}

function parentsOf(filter: TestResultFilter): ResultParents {
  if (filter.runId != null) return { kind: "run", ids: [filter.runId] };
  return filter.testId == null ? { kind: "all", ids: [ALL] } : { kind: "test", ids: [filter.testId] };
}
