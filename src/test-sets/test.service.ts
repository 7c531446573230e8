import { saysNothingChanged } from "../accounts/index.js";
import type { Db, Trx } from "../db/index.js";
import { assertNotDeleted, type EntityRef, getByRef } from "../entity-ref.js";
import { assertNoProblems, ConflictError, NotFoundError } from "../errors.js";
import { IdKind, isId } from "../ids.js";
import type { Viewer } from "../viewer.js";
import { ensureLabels } from "./label.repository.js";
import type { Test } from "./test.js";
import { findPromptsByIds } from "./test-content.repository.js";
import { type CheckedDrafts, checkDrafts } from "./test-drafts.js";
import { applyPatch, type TestDraft, type TestPatch } from "./test-patch.js";
import { findTestsByIds, findTestsByKeys } from "./test.repository.js";
import { contentOf, labelNamesOf, type PresentTest, TestSetChange } from "./test-set-change.js";
import type { TestSet } from "./test-set.js";
import { testSetRefs } from "./test-set.repository.js";
import { getUsableSet, tooManyTests, typeMismatch } from "./test-set.service.js";

/** Adds, edits and removes tests: each call that changes something makes one new version of the set. */
export class TestService {
  readonly #db: Db;
  readonly #now: () => Date;

  constructor(deps: { db: Db; now: () => Date }) {
    this.#db = deps.db;
    this.#now = deps.now;
  }

  /** The new test, last in its set. NOT_FOUND, DELETED; TEST_TYPE_MISMATCH; KEY_TAKEN; BAD_USER_INPUT with every problem. */
  async createTest(viewer: Viewer, ref: EntityRef, patch: TestPatch): Promise<Test> {
    const { ids } = await this.#add(viewer, ref, (set) => {
      const { draft, problems, mismatch } = applyPatch(set.type, null, patch, "test");
      return { drafts: [draft], problems, mismatch };
    });
    const [test] = await findTestsByIds(this.#db, viewer, ids);
    if (test === undefined) throw new NotFoundError("test", ids.join());
    return test;
  }

  /** The set with the tests appended, at most 1,000, all or none. Errors as createTest. */
  async addTests(viewer: Viewer, ref: EntityRef, patches: readonly TestPatch[]): Promise<TestSet> {
    assertNoProblems(tooManyTests("tests", patches.length));
    return (await this.#add(viewer, ref, (set) => checkDrafts(set.type, patches, "tests"))).set;
  }

  /** The test after the edit: new content at the same place, unless nothing differs. NOT_FOUND, DELETED, TEST_TYPE_MISMATCH, KEY_TAKEN, BAD_USER_INPUT. */
  async updateTest(viewer: Viewer, id: string, patch: TestPatch): Promise<Test> {
    const { testSetId } = await this.#getTest(this.#db, viewer, id);
    await this.#db.transaction().execute(async (trx) => {
      const set = await getUsableSet(trx, viewer, testSetId);
      const test = await this.#getPresentTest(trx, viewer, id);
      const checked = applyPatch(set.type, contentOf(test), patch, "input.test");
      assertAcceptable({ drafts: [checked.draft], problems: checked.problems, mismatch: checked.mismatch });
      if (checked.draft.key !== test.key) await assertKeysFree(trx, viewer, testSetId, [checked.draft]);
      const change = await this.#change(trx, viewer, set, { drafts: [checked.draft] });
      await change.edit([{ test, draft: checked.draft }]);
      await finished(change);
    });
    return this.#getTest(this.#db, viewer, id);
  }

  /** The set without the tests. NOT_FOUND for any that is not the set's, DELETED for one that was removed before: then nothing changes. */
  async removeTests(viewer: Viewer, ref: EntityRef, ids: readonly string[]): Promise<TestSet> {
    const { id: testSetId } = await getByRef(testSetRefs(this.#db, viewer), ref);
    return this.#db.transaction().execute(async (trx) => {
      const set = await getUsableSet(trx, viewer, testSetId);
      const wanted = [...new Set(ids)];
      const found = new Map((await findTestsByIds(trx, viewer, wanted.filter((id) => isId(id, IdKind.TEST)))).map((test) => [test.id, test]));
      for (const id of wanted) {
        const test = found.get(id);
        if (test?.testSetId !== testSetId) throw new NotFoundError("test", id);
        assertNotDeleted("test", test);
      }
      const change = await this.#change(trx, viewer, set, { drafts: [] });
      await change.remove(wanted);
      return finished(change);
    });
  }

  async #add(viewer: Viewer, ref: EntityRef, check: (set: TestSet) => CheckedDrafts): Promise<{ set: TestSet; ids: string[] }> {
    const { id } = await getByRef(testSetRefs(this.#db, viewer), ref);
    return this.#db.transaction().execute(async (trx) => {
      const set = await getUsableSet(trx, viewer, id);
      const checked = check(set);
      assertAcceptable(checked);
      await assertKeysFree(trx, viewer, id, checked.drafts);
      const change = await this.#change(trx, viewer, set, checked);
      const ids = await change.add(checked.drafts);
      return { set: await finished(change), ids };
    });
  }

  async #change(trx: Trx, viewer: Viewer, set: TestSet, { drafts }: Pick<CheckedDrafts, "drafts">): Promise<TestSetChange> {
    const now = this.#now();
    return new TestSetChange(trx, viewer, { set, version: set.version + 1, labels: await ensureLabels(trx, viewer, labelNamesOf(drafts), now), now });
  }

  async #getTest(db: Db, viewer: Viewer, id: string): Promise<Test> {
    const [test] = isId(id, IdKind.TEST) ? await findTestsByIds(db, viewer, [id]) : [];
    if (test === undefined) throw new NotFoundError("test", id);
    return assertNotDeleted("test", test);
  }

  async #getPresentTest(trx: Trx, viewer: Viewer, id: string): Promise<PresentTest> {
    const test = await this.#getTest(trx, viewer, id);
    const [prompt] = test.promptId === null ? [] : await findPromptsByIds(trx, viewer, [test.promptId]);
    return { ...test, prompt: prompt ?? null };
  }
}

function finished(change: TestSetChange): Promise<TestSet> {
  if (!change.hasChanges) saysNothingChanged();
  return change.finish();
}

function assertAcceptable(checked: CheckedDrafts): void {
  if (checked.mismatch) throw typeMismatch(checked.problems);
  assertNoProblems(checked.problems);
}

/** CONFLICT, KEY_TAKEN with `keys` when tests of the set have some of them. The set's lock keeps the answer true. */
async function assertKeysFree(trx: Trx, viewer: Viewer, testSetId: string, drafts: readonly TestDraft[]): Promise<void> {
  const wanted = drafts.map((draft) => draft.key).filter((key) => key !== null);
  if (wanted.length === 0) return;
  const keys = (await findTestsByKeys(trx, viewer, testSetId, wanted)).map((test) => test.key);
  if (keys.length === 0) return;
  const which = keys.length === 1 ? `a test with the key "${keys[0]}"` : `tests with ${keys.length} of the keys, such as "${keys[0]}"`;
  throw new ConflictError("KEY_TAKEN", `The set already has ${which}. Update it, or import the tests: an import updates by key.`, { keys });
}
