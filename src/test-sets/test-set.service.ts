import type { AccountsService } from "../accounts/index.js";
import { type Db, type Page, type PageArgs, type Trx, uniqueViolation } from "../db/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, getByRef } from "../entity-ref.js";
import { assertNoProblems, BadUserInputError, ConflictError, NotFoundError, type Problem } from "../errors.js";
import { IdKind, newId } from "../ids.js";
import type { Scope, Viewer } from "../viewer.js";
import { checkDrafts } from "./test-drafts.js";
import { ensureLabels } from "./label.repository.js";
import type { MetricAssignments } from "./metric-assignments.js";
import { labelNamesOf, TestSetChange } from "./test-set-change.js";
import type { TestPatch } from "./test-patch.js";
import { jsonFault, nameProblems, textFault } from "../texts.js";
import { type JsonObject, tagProblems, type TestSet, type TestType } from "./test-set.js";
import { countTestSets, insertTestSet, listTestSets, lockTestSetById, type TestSetFilter, type TestSetOrder, testSetRefs, updateTestSet } from "./test-set.repository.js";

/** Tests that one mutation may add: more go through an import, which streams. */
export const MAX_TESTS_A_CALL = 1000;

/** What a new set says. */
export interface CreateTestSet {
  readonly name: string;
  readonly description: string | null;
  readonly type: TestType;
  /** Null: the organization's default project. */
  readonly projectId: string | null;
  readonly tags: readonly string[];
  readonly attributes: JsonObject;
  readonly tests: readonly TestPatch[];
  readonly metrics: readonly EntityRef[];
}

/** What changes of a set: absent keeps, null clears. */
export interface UpdateTestSet {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly attributes?: JsonObject | null | undefined;
  readonly metrics?: readonly EntityRef[] | null | undefined;
}

/** Makes, changes and deletes test sets. */
export class TestSetService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #accounts: Pick<AccountsService, "projectIdFor">;
  readonly #metrics: MetricAssignments;

  constructor(deps: { db: Db; now: () => Date; accounts: Pick<AccountsService, "projectIdFor">; metrics: MetricAssignments }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#accounts = deps.accounts;
    this.#metrics = deps.metrics;
  }

  /** The set of the id (deleted ones included) or name, in one project where it is given; null when there is none. AMBIGUOUS_NAME. */
  async findTestSet(scope: Scope, ref: EntityRef, projectId: string | null): Promise<TestSet | null> {
    const [set] = await findByRefs(testSetRefs(this.#db, scope, projectId), [ref]);
    return set ?? null;
  }

  /** A page of the sets that are not deleted. */
  listTestSets(scope: Scope, args: { filter: TestSetFilter | null; orderBy: TestSetOrder; page: PageArgs }): Promise<Page<TestSet>> {
    return listTestSets(this.#db, scope, args);
  }

  /** How many sets the filter leaves. */
  countTestSets(scope: Scope, filter: TestSetFilter | null): Promise<number> {
    return countTestSets(this.#db, scope, filter);
  }

  /** The set in its version 1 with its tests. NAME_TAKEN; NOT_FOUND for the project; BAD_USER_INPUT with every problem. */
  async createTestSet(viewer: Viewer, args: CreateTestSet): Promise<TestSet> {
    const checked = checkDrafts(args.type, args.tests, "input.tests");
    const problems = [...tooManyTests("input.tests", args.tests.length), ...setProblems(args)];
    if (checked.mismatch && problems.length === 0) throw typeMismatch(checked.problems);
    assertNoProblems([...problems, ...checked.problems]);
    const projectId = await this.#accounts.projectIdFor(viewer, args.projectId);
    const now = this.#now();
    return this.#db.transaction().execute(async (trx) => {
      const set = await addTestSet(trx, viewer, { ...args, projectId, now });
      const labels = await ensureLabels(trx, viewer, labelNamesOf(checked.drafts), now);
      const change = new TestSetChange(trx, viewer, { set, version: 1, labels, now });
      await change.add(checked.drafts);
      if (args.metrics.length > 0) await this.#metrics.assignToTestSet(trx, viewer, set.id, args.metrics, "input.metrics");
      return change.finish();
    });
  }

  /** The set after the change, its version as before: only tests make versions. NOT_FOUND, DELETED, NAME_TAKEN, BAD_USER_INPUT. */
  async updateTestSet(viewer: Viewer, ref: EntityRef, args: UpdateTestSet): Promise<TestSet> {
    const nameless: Problem[] = args.name === null ? [{ field: "input.name", message: "A set always has a name: leave the field out to keep it." }] : [];
    assertNoProblems([...nameless, ...setProblems(args)]);
    const { id } = await getByRef(testSetRefs(this.#db, viewer), ref);
    return this.#db.transaction().execute(async (trx) => {
      await getUsableSet(trx, viewer, id);
      if (args.metrics !== undefined) await this.#metrics.assignToTestSet(trx, viewer, id, args.metrics ?? [], "input.metrics");
      return namedOnce(args.name ?? "", () =>
        updateTestSet(trx, viewer, id, {
          name: args.name?.trim(),
          description: args.description,
          tags: args.tags === undefined ? undefined : [...new Set(args.tags ?? [])],
          attributes: args.attributes === undefined ? undefined : (args.attributes ?? {}),
          updatedAt: this.#now(),
        }),
      );
    });
  }

  /** Hides the set and frees its name; what refers to it still reads it. NOT_FOUND; DELETED when it already was. */
  async deleteTestSet(viewer: Viewer, ref: EntityRef): Promise<string> {
    const { id } = await getByRef(testSetRefs(this.#db, viewer), ref);
    await this.#db.transaction().execute(async (trx) => {
      await getUsableSet(trx, viewer, id);
      const now = this.#now();
      await updateTestSet(trx, viewer, id, { deletedAt: now, updatedAt: now });
    });
    return id;
  }
}

/** A new set without tests, in its version 1. NAME_TAKEN. */
export async function addTestSet(trx: Trx, viewer: Viewer, args: { name: string; projectId: string; type: TestType; description?: string | null; tags?: readonly string[]; attributes?: JsonObject; now: Date }): Promise<TestSet> {
  const set: TestSet = {
    organizationId: viewer.organizationId,
    id: newId(IdKind.TEST_SET, args.now.getTime()),
    projectId: args.projectId,
    name: args.name.trim(),
    description: args.description ?? null,
    type: args.type,
    version: 1,
    testCount: 0,
    lastPosition: 0,
    runCount: 0,
    tags: [...new Set(args.tags ?? [])],
    attributes: args.attributes ?? {},
    createdById: viewer.userId,
    createdAt: args.now,
    updatedAt: args.now,
    deletedAt: null,
  };
  await namedOnce(set.name, () => insertTestSet(trx, set));
  return set;
}

/** The set with its lock held. NOT_FOUND; FAILED_PRECONDITION, DELETED. */
export async function getUsableSet(trx: Trx, viewer: Viewer, id: string): Promise<TestSet> {
  const set = await lockTestSetById(trx, viewer, id);
  if (set === null) throw new NotFoundError("test set", id);
  return assertNotDeleted("test set", set);
}

/** Tests that do not suit their set's type. */
export function typeMismatch(problems: readonly Problem[]): BadUserInputError {
  return new BadUserInputError(`${problems[0]?.field}: ${problems[0]?.message}`, problems, "TEST_TYPE_MISMATCH");
}

/** What is wrong with the number of tests of one call. */
export function tooManyTests(field: string, count: number): Problem[] {
  if (count <= MAX_TESTS_A_CALL) return [];
  return [{ field, message: `At most ${MAX_TESTS_A_CALL} tests in one call; there are ${count}. Call several times, or import a file.` }];
}

function setProblems(args: UpdateTestSet): Problem[] {
  const description = args.description == null ? null : textFault(args.description);
  const attributes = args.attributes == null ? null : jsonFault(args.attributes);
  return [
    ...(args.name == null ? [] : nameProblems("input.name", args.name)),
    ...(description === null ? [] : [{ field: "input.description", message: description }]),
    ...(args.tags == null ? [] : tagProblems("input.tags", args.tags)),
    ...(attributes === null ? [] : [{ field: "input.attributes", message: attributes }]),
  ];
}

/** Does a write that names a set; CONFLICT, NAME_TAKEN when another set of the project has the name. */
async function namedOnce<R>(name: string, write: () => Promise<R>): Promise<R> {
  try {
    return await write();
  } catch (error) {
    if (uniqueViolation(error) !== "test_sets_name_key") throw error;
    throw new ConflictError("NAME_TAKEN", `The project already has a test set "${name}". Choose another name.`, {}, { cause: error });
  }
}
