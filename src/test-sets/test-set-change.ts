import { isDeepStrictEqual } from "node:util";
import type { Trx } from "../db/index.js";
import { IdKind, newId } from "../ids.js";
import type { Scope } from "../viewer.js";
import { LABEL_KINDS, type LabelKind } from "./label.js";
import type { LabelIdsByName } from "./label.repository.js";
import { LABEL_ID, type LabelIds, type Prompt, type PromptContent, type Test } from "./test.js";
import { endRevisions, insertPrompts, insertRevisions, insertTests, type NewPromptRow, type NewRevisionRow, touchTests } from "./test-content.repository.js";
import type { TestContent, TestDraft } from "./test-patch.js";
import type { TestSet } from "./test-set.js";
import { updateTestSet } from "./test-set.repository.js";

/** A test with its prompt, as it stands before an edit. */
export interface PresentTest extends Test {
  readonly prompt: Prompt | null;
}

/** The names that the drafts give to labels, to be made before the drafts are stored. */
export function labelNamesOf(drafts: readonly TestDraft[]): Record<LabelKind, Set<string>> {
  const names: Record<LabelKind, Set<string>> = { behavior: new Set(), category: new Set(), topic: new Set(), useCase: new Set() };
  for (const draft of drafts) {
    for (const kind of LABEL_KINDS) {
      const label = draft.labels[kind];
      if (label !== null && "name" in label) names[kind].add(label.name);
    }
  }
  return names;
}

/** A test's content as an edit starts from it. */
export function contentOf(test: PresentTest): TestContent {
  const { type, key, tags, metadata, prompt, conversation, behaviorId, categoryId, topicId, useCaseId } = test;
  return { type, key, tags, metadata, prompt, conversation, behaviorId, categoryId, topicId, useCaseId };
}

/**
 * One change of a set's tests inside a transaction that holds the set's lock: however many tests are added, edited and
 * removed, in however many batches, they make one new version.
 */
export class TestSetChange {
  readonly #trx: Trx;
  readonly #scope: Scope;
  readonly #set: TestSet;
  readonly #at: { readonly testSetId: string; readonly version: number };
  readonly #labels: LabelIdsByName;
  readonly #now: Date;
  #testCount: number;
  #lastPosition: number;
  #changed = false;

  /** `version` is the one that the change makes: the next, or the first of a new set. */
  constructor(trx: Trx, scope: Scope, args: { set: TestSet; version: number; labels: LabelIdsByName; now: Date }) {
    this.#trx = trx;
    this.#scope = scope;
    this.#set = args.set;
    this.#at = { testSetId: args.set.id, version: args.version };
    this.#labels = args.labels;
    this.#now = args.now;
    this.#testCount = args.set.testCount;
    this.#lastPosition = args.set.lastPosition;
  }

  /** Appends tests; answers their ids in order. */
  async add(drafts: readonly TestDraft[]): Promise<string[]> {
    const prompts: NewPromptRow[] = [];
    const revisions = drafts.map((draft) => {
      const testId = newId(IdKind.TEST, this.#now.getTime());
      this.#lastPosition += 1;
      return this.#revision(draft, { testId, position: this.#lastPosition, promptId: draft.prompt === null ? null : this.#newPrompt(draft.prompt, prompts) });
    });
    await insertPrompts(this.#trx, this.#scope, prompts);
    await insertTests(this.#trx, this.#scope, this.#at.testSetId, revisions.map(({ testId, position }) => ({ id: testId, position })), this.#now);
    await insertRevisions(this.#trx, this.#scope, this.#at, revisions);
    this.#testCount += drafts.length;
    this.#changed ||= drafts.length > 0;
    return revisions.map((revision) => revision.testId);
  }

  /** Puts new content at the place of the tests' present one, and leaves alone what would not change. Answers how many changed. */
  async edit(edits: readonly { readonly test: PresentTest; readonly draft: TestDraft }[]): Promise<number> {
    const prompts: NewPromptRow[] = [];
    const revisions: NewRevisionRow[] = [];
    for (const { test, draft } of edits) {
      if (!differs(test, draft, this.#labels)) continue;
      const promptId = draft.prompt === null || isSamePrompt(test.prompt, draft.prompt) ? test.promptId : this.#newPrompt(draft.prompt, prompts);
      revisions.push(this.#revision(draft, { testId: test.id, position: test.position, promptId }));
    }
    if (revisions.length === 0) return 0;
    const testIds = revisions.map((revision) => revision.testId);
    await endRevisions(this.#trx, this.#scope, this.#at, testIds);
    await insertPrompts(this.#trx, this.#scope, prompts);
    await insertRevisions(this.#trx, this.#scope, this.#at, revisions);
    await touchTests(this.#trx, this.#scope, testIds, { updatedAt: this.#now });
    this.#changed = true;
    return revisions.length;
  }

  /** Takes tests of the set out of it. */
  async remove(testIds: readonly string[]): Promise<void> {
    if (testIds.length === 0) return;
    await endRevisions(this.#trx, this.#scope, this.#at, testIds);
    await touchTests(this.#trx, this.#scope, testIds, { updatedAt: this.#now, deletedAt: this.#now });
    this.#testCount -= testIds.length;
    this.#changed = true;
  }

  /** Whether `finish` will make a version. */
  get hasChanges(): boolean {
    return this.#changed;
  }

  /** Writes the set's version and counts, if anything changed, and answers the set. */
  async finish(): Promise<TestSet> {
    if (!this.#changed) return this.#set;
    return updateTestSet(this.#trx, this.#scope, this.#set.id, { version: this.#at.version, testCount: this.#testCount, lastPosition: this.#lastPosition, updatedAt: this.#now });
  }

  #newPrompt(content: PromptContent, prompts: NewPromptRow[]): string {
    const id = newId(IdKind.PROMPT, this.#now.getTime());
    prompts.push({ id, content: content.content, expectedResponse: content.expectedResponse, languageCode: content.languageCode, context: content.context });
    return id;
  }

  #revision(draft: TestDraft, place: { testId: string; position: number; promptId: string | null }): NewRevisionRow {
    const { type, key, tags, metadata, conversation } = draft;
    return { id: newId(IdKind.TEST_REVISION, this.#now.getTime()), ...place, type, key, tags, metadata, conversation, ...this.#labelIds(draft) };
  }

  #labelIds(draft: TestDraft): LabelIds {
    const ids = labelIdsOf(draft, this.#labels);
    if (ids === null) throw new Error("The labels of the drafts were not made before their tests.");
    return ids;
  }
}

/** Whether the draft says anything else than the test. A label that is not there yet is another one. */
export function differs(test: PresentTest, draft: TestDraft, labels: LabelIdsByName): boolean {
  const ids = labelIdsOf(draft, labels);
  return ids === null || !isSamePrompt(test.prompt, draft.prompt) || !isDeepStrictEqual(otherContent(test, test), otherContent(draft, ids));
}

/** The ids of the draft's labels; null when some name has none. */
function labelIdsOf(draft: TestDraft, labels: LabelIdsByName): LabelIds | null {
  const ids: { -readonly [K in keyof LabelIds]: LabelIds[K] } = { behaviorId: null, categoryId: null, topicId: null, useCaseId: null };
  for (const kind of LABEL_KINDS) {
    const label = draft.labels[kind];
    if (label === null) continue;
    const id = "id" in label ? label.id : labels[kind].get(label.name);
    if (id === undefined) return null;
    ids[LABEL_ID[kind]] = id;
  }
  return ids;
}

function isSamePrompt(one: PromptContent | null, other: PromptContent | null): boolean {
  return isDeepStrictEqual(promptContent(one), promptContent(other));
}

function promptContent(prompt: PromptContent | null): PromptContent | null {
  return prompt === null ? null : { content: prompt.content, expectedResponse: prompt.expectedResponse, languageCode: prompt.languageCode, context: prompt.context };
}

function otherContent(content: Pick<TestDraft, "key" | "tags" | "metadata" | "conversation">, labels: LabelIds): unknown {
  const { behaviorId, categoryId, topicId, useCaseId } = labels;
  return [content.key, content.tags, content.metadata, content.conversation, behaviorId, categoryId, topicId, useCaseId];
}
