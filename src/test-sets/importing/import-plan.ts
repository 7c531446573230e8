import type { Db } from "../../db/index.js";
import type { Scope } from "../../viewer.js";
import type { LabelIdsByName } from "../label.repository.js";
import { findPromptsByIds } from "../test-content.repository.js";
import { applyPatch, type TestDraft } from "../test-patch.js";
import { findTestsByKeys } from "../test.repository.js";
import { contentOf, differs, type PresentTest } from "../test-set-change.js";
import type { TestSet } from "../test-set.js";
import { importFieldOf, type Rejections } from "./import-reader.js";
import type { SpooledTest } from "./import-spool.js";

/** What a batch of rows does to the set: tests with a key that the set has are edited, all others added. */
export interface BatchPlan {
  readonly adds: readonly TestDraft[];
  readonly edits: readonly { readonly test: PresentTest; readonly draft: TestDraft }[];
}

/** Plans a batch, in two statements at the most. A row that is wrong beside the test that it updates is rejected. */
export async function planBatch(db: Db, scope: Scope, set: TestSet, batch: readonly SpooledTest[], rejections: Rejections, options: { isNew?: boolean } = {}): Promise<BatchPlan> {
  const keys = options.isNew === true ? [] : batch.map(({ patch }) => patch.key).filter((key) => key != null);
  const present = await presentTests(db, scope, set.id, keys);
  const adds: TestDraft[] = [];
  const edits: { test: PresentTest; draft: TestDraft }[] = [];
  for (const { row, patch } of batch) {
    const test = present.get(patch.key ?? "");
    const { draft, problems } = applyPatch(set.type, test === undefined ? null : contentOf(test), patch, "");
    const [problem] = problems;
    if (problem !== undefined) rejections.add({ row, field: importFieldOf(problem.field), message: problem.message });
    else if (test === undefined) adds.push(draft);
    else edits.push({ test, draft });
  }
  return { adds, edits };
}

/** Counts what a batch would do. */
export function previewBatch(plan: BatchPlan, labels: LabelIdsByName, counts: { created: number; updated: number; unchanged: number }): void {
  counts.created += plan.adds.length;
  for (const { test, draft } of plan.edits) {
    if (differs(test, draft, labels)) counts.updated += 1;
    else counts.unchanged += 1;
  }
}

async function presentTests(db: Db, scope: Scope, testSetId: string, keys: readonly string[]): Promise<ReadonlyMap<string, PresentTest>> {
  if (keys.length === 0) return new Map();
  const tests = await findTestsByKeys(db, scope, testSetId, keys);
  const prompts = new Map((await findPromptsByIds(db, scope, tests.map((test) => test.promptId).filter((id) => id !== null))).map((prompt) => [prompt.id, prompt]));
  return new Map(tests.map((test) => [test.key ?? "", { ...test, prompt: prompts.get(test.promptId ?? "") ?? null }]));
}
