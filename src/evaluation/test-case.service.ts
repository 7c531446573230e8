import { type AccountsService, saysNothingChanged } from "../accounts/index.js";
import { type Db, type Page, type PageArgs, type Trx, uniqueViolation } from "../db/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, getByRef } from "../entity-ref.js";
import { assertNoProblems, ConflictError, FailedPreconditionError, NotFoundError, type Problem } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import { findMetricsByIds, getUsableMetrics, metricRefs } from "../metrics/index.js";
import { testSetRefs } from "../test-sets/index.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import { assertStarDecides, type EvaluationTestCase, type StarMetric, starMetricOf, type TestCaseContent, wordingProblems } from "./test-case.js";
import { countTestCases, insertTestCase, insertTestCaseVersion, listTestCases, lockTestCase, type TestCaseFilter, testCaseRefs, updateTestCase } from "./test-case.repository.js";

/** What decides, as callers name it. */
export interface StarMetricChoice {
  readonly metric: EntityRef;
  readonly successThreshold: number | null;
  readonly successThresholdPct: number | null;
}

/** What a new test case says. */
export interface CreateTestCase {
  readonly name: string;
  readonly description: string | null;
  /** Null: the organization's default project. */
  readonly projectId: string | null;
  readonly testSet: EntityRef;
  readonly metrics: readonly EntityRef[];
  readonly starMetric: StarMetricChoice | null;
}

/** What a version changes: undefined keeps, null clears. */
export interface UpdateTestCase {
  readonly testCase: EntityRef;
  readonly name: string | null | undefined;
  readonly description: string | null | undefined;
  readonly testSet: EntityRef | null | undefined;
  readonly metrics: readonly EntityRef[] | null | undefined;
  readonly starMetric: StarMetricChoice | null | undefined;
}

/** Versioned questions about agents: makes test cases and their versions. */
export class TestCaseService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #accounts: Pick<AccountsService, "projectIdFor">;

  constructor(deps: { db: Db; now: () => Date; accounts: Pick<AccountsService, "projectIdFor"> }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#accounts = deps.accounts;
  }

  /** Null when it is not there. CONFLICT, AMBIGUOUS_NAME for a name that several projects have. */
  async find(scope: Scope, ref: EntityRef, projectId: string | null): Promise<EvaluationTestCase | null> {
    if (projectId !== null && !isId(projectId, IdKind.PROJECT)) return null;
    const [found] = await findByRefs(testCaseRefs(this.#db, scope, projectId), [ref]);
    return found ?? null;
  }

  /** A page, newest first. BAD_USER_INPUT for paging arguments. */
  list(scope: Scope, args: { filter: TestCaseFilter; page: PageArgs }): Promise<Page<EvaluationTestCase>> {
    return listTestCases(this.#db, scope, args);
  }

  count(scope: Scope, filter: TestCaseFilter): Promise<number> {
    return countTestCases(this.#db, scope, filter);
  }

  /** Makes a test case with its version 1. NOT_FOUND; BAD_USER_INPUT, THRESHOLD_NEEDED; CONFLICT, NAME_TAKEN; FAILED_PRECONDITION, DELETED. */
  async create(viewer: Viewer, args: CreateTestCase): Promise<EvaluationTestCase> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems([...wordingProblems(args), ...metricsProblems(args.metrics)]);
    const projectId = await this.#accounts.projectIdFor(viewer, args.projectId);
    const now = this.#now();
    const id = newId(IdKind.EVALUATION_TEST_CASE, now.getTime());
    return this.#write(args.name, async (trx) => {
      const content: TestCaseContent = {
        name: args.name.trim(),
        description: args.description,
        testSetId: await usableTestSetId(trx, viewer, args.testSet),
        metricIds: (await getUsableMetrics(trx, viewer, args.metrics, "input.metrics")).map((metric) => metric.id),
        ...starColumns(await this.#star(trx, viewer, args.starMetric)),
      };
      await assertContentDecides(trx, viewer, content);
      await insertTestCase(trx, { organizationId: viewer.organizationId, id, projectId, name: content.name, version: 1, createdById: viewer.userId, createdAt: now, updatedAt: now, archivedAt: null });
      await this.#insertVersion(trx, viewer, { testCaseId: id, version: 1, content, now });
      return id;
    }, viewer);
  }

  /** Makes a new version; the versions before it stay as they are. Answers and refuses what `create` does. */
  async update(viewer: Viewer, args: UpdateTestCase): Promise<EvaluationTestCase> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems([...wordingProblems(args), ...neededProblems(args), ...(args.metrics == null ? [] : metricsProblems(args.metrics))]);
    const { id } = await getByRef(testCaseRefs(this.#db, viewer), args.testCase);
    const now = this.#now();
    return this.#write(args.name ?? "", async (trx) => {
      const present = assertUsable(await lockTestCase(trx, viewer, id), id);
      const star = args.starMetric === undefined ? starMetricOf(present) : await this.#star(trx, viewer, args.starMetric);
      const content: TestCaseContent = {
        name: args.name?.trim() ?? present.name,
        description: args.description === undefined ? present.description : args.description,
        testSetId: args.testSet == null ? present.testSetId : await usableTestSetId(trx, viewer, args.testSet),
        metricIds: args.metrics == null ? present.metricIds : (await getUsableMetrics(trx, viewer, args.metrics, "input.metrics")).map((metric) => metric.id),
        ...starColumns(star),
      };
      if (args.metrics != null || args.starMetric !== undefined) await assertContentDecides(trx, viewer, content);
      const version = present.version + 1;
      await updateTestCase(trx, viewer, id, { name: content.name, version, updatedAt: now });
      await this.#insertVersion(trx, viewer, { testCaseId: id, version, content, now });
      return id;
    }, viewer);
  }

  /** Takes a test case out of lists and frees its name; its versions and runs stay readable. Safe to repeat. NOT_FOUND. */
  async archive(viewer: Viewer, ref: EntityRef): Promise<EvaluationTestCase> {
    requireRole(viewer, Role.EDITOR);
    const { id } = await getByRef(testCaseRefs(this.#db, viewer), ref);
    const now = this.#now();
    return this.#write("", async (trx) => {
      const present = await lockTestCase(trx, viewer, id);
      if (present?.archivedAt === null) await updateTestCase(trx, viewer, id, { archivedAt: now, updatedAt: now });
      else saysNothingChanged();
      return id;
    }, viewer);
  }

  async #star(trx: Trx, viewer: Viewer, choice: StarMetricChoice | null): Promise<StarMetric | null> {
    if (choice === null) return null;
    const metric = assertNotDeleted("metric", await getByRef(metricRefs(trx, viewer), choice.metric));
    return { metricId: metric.id, successThreshold: choice.successThreshold, successThresholdPct: choice.successThresholdPct };
  }

  async #insertVersion(trx: Trx, viewer: Viewer, args: { testCaseId: string; version: number; content: TestCaseContent; now: Date }): Promise<void> {
    const { testCaseId, version, content, now } = args;
    const id = newId(IdKind.EVALUATION_TEST_CASE_VERSION, now.getTime());
    await insertTestCaseVersion(trx, { organizationId: viewer.organizationId, id, testCaseId, version, ...content, metricIds: [...content.metricIds], createdById: viewer.userId, createdAt: now });
  }

  async #write(name: string, act: (trx: Trx) => Promise<string>, scope: Scope): Promise<EvaluationTestCase> {
    try {
      return await this.#db.transaction().execute(async (trx) => getByRef(testCaseRefs(trx, scope), { id: await act(trx) }));
    } catch (error) {
      if (uniqueViolation(error) !== "evaluation_test_cases_name_key") throw error;
      throw new ConflictError("NAME_TAKEN", `The project has an evaluation test case "${name.trim()}" already. Choose another name, or update that one.`);
    }
  }
}

/** The test case itself. NOT_FOUND; FAILED_PRECONDITION, DELETED for an archived one: it can be read, but not used. */
export function assertUsable(testCase: EvaluationTestCase | null, id: string): EvaluationTestCase {
  if (testCase === null) throw new NotFoundError("evaluation test case", id);
  if (testCase.archivedAt !== null) throw new FailedPreconditionError("DELETED", `The evaluation test case ${testCase.id} was archived at ${testCase.archivedAt.toISOString()}. It can be read, but not used.`);
  return testCase;
}

function starColumns(star: StarMetric | null): Pick<TestCaseContent, "starMetricId" | "successThreshold" | "successThresholdPct"> {
  return { starMetricId: star?.metricId ?? null, successThreshold: star?.successThreshold ?? null, successThresholdPct: star?.successThresholdPct ?? null };
}

async function assertContentDecides(trx: Trx, viewer: Viewer, content: TestCaseContent): Promise<void> {
  const star = starMetricOf(content);
  const [metric] = star === null ? [] : await findMetricsByIds(trx, viewer, [star.metricId]);
  if (star !== null && metric !== undefined) assertStarDecides(star, metric, content.metricIds);
}

async function usableTestSetId(trx: Trx, viewer: Viewer, ref: EntityRef): Promise<string> {
  return assertNotDeleted("test set", await getByRef(testSetRefs(trx, viewer), ref)).id;
}

function metricsProblems(metrics: readonly EntityRef[]): Problem[] {
  return metrics.length > 0 ? [] : [{ field: "input.metrics", message: "A test case needs at least one metric." }];
}

function neededProblems({ name, testSet, metrics }: UpdateTestCase): Problem[] {
  const needed = { name, testSet, metrics };
  return Object.entries(needed).flatMap(([field, value]) => (value === null ? [{ field: `input.${field}`, message: "It cannot be cleared. Leave it out to keep what is there." }] : []));
}
