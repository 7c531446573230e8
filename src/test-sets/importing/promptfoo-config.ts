import { type Cells, isObject } from "./import-format.js";
import { unreadable } from "./import-lines.js";

/** What a promptfoo configuration says beside its tests. */
export interface PromptfooConfig {
  /** Templates of prompts, each of which every test is sent in. Empty where there are none, or where other files hold them. */
  readonly prompts: readonly string[];
  /** What every test has, too. */
  readonly defaultTest: Cells;
}

export const NO_CONFIG: PromptfooConfig = { prompts: [], defaultTest: {} };

const CONFIG_KEYS = ["prompts", "providers", "defaultTest", "scenarios"];
/** How promptfoo names prompts that are elsewhere. */
const ELSEWHERE = /^(?:file:\/\/|exec:)|^\S+\.(?:txt|json|jsonl|ya?ml|md|csv|j2|py|js|ts|cjs|mjs)$/;

/** The configuration around a file's tests; null when the file is none. */
export function configOf(document: Cells | null): PromptfooConfig | null {
  if (document === null || !CONFIG_KEYS.some((key) => document[key] !== undefined)) return null;
  if (document["scenarios"] !== undefined) throw unreadable("Scenarios are not read. Write their tests out under tests.");
  const { defaultTest } = document;
  if (typeof defaultTest === "string") throw unreadable(`defaultTest is in another file, ${defaultTest}. Write it here.`);
  return { prompts: promptsOf(document["prompts"]), defaultTest: isObject(defaultTest) ? defaultTest : {} };
}

function promptsOf(given: unknown): string[] {
  const list: unknown[] = given === undefined ? [] : Array.isArray(given) ? given : [given];
  const prompts = list.map((prompt) => (isObject(prompt) ? prompt["raw"] : prompt)).filter((prompt) => typeof prompt === "string" && !ELSEWHERE.test(prompt.trim())) as string[]; // just filtered
  // None here is no fault: the caller names a column or a template. Some, without a word, would be half of the tests.
  if (prompts.length > 0 && prompts.length < list.length) throw unreadable(`${list.length - prompts.length} of the ${list.length} prompts are in other files. Write all of them here, or take those away.`);
  return prompts;
}

/** Whether a row is one of promptfoo's, by its own keys. */
export function isPromptfooRow(cells: Cells): boolean {
  return isObject(cells["vars"]) || Array.isArray(cells["assert"]);
}

/** Whether a CSV file is one of promptfoo's, by its header. */
export function isPromptfooHeader(columns: readonly string[]): boolean {
  return columns.some((column) => /^__(?:expected\d*|description|prefix|suffix|metric|threshold|metadata(?::.+)?|config:.+)$/.test(column));
}
