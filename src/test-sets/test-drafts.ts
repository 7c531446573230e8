import type { Problem } from "../errors.js";
import { applyPatch, type TestDraft, type TestPatch } from "./test-patch.js";
import type { TestType } from "./test-set.js";

/** New tests of one call, with all that is wrong with them. `mismatch`: some are for the other type of set. */
export interface CheckedDrafts {
  readonly drafts: readonly TestDraft[];
  readonly problems: readonly Problem[];
  readonly mismatch: boolean;
}

/** Checks new tests, each by itself and their keys against each other. `field` is the list's path in the input. */
export function checkDrafts(type: TestType, patches: readonly TestPatch[], field: string): CheckedDrafts {
  const checked = patches.map((patch, index) => applyPatch(type, null, patch, `${field}.${index}`));
  const problems = checked.flatMap((one) => one.problems);
  const firstByKey = new Map<string, number>();
  checked.forEach(({ draft }, index) => {
    if (draft.key === null) return;
    const first = firstByKey.get(draft.key);
    if (first === undefined) firstByKey.set(draft.key, index);
    else problems.push({ field: `${field}.${index}.key`, message: `The key "${draft.key}" is that of ${field}.${first}, too. Keys are unique in a set.` });
  });
  return { drafts: checked.map((one) => one.draft), problems, mismatch: checked.some((one) => one.mismatch) };
}
