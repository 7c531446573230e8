import type { Cells } from "./import-format.js";
import { CellFault } from "./import-values.js";
import { numberOf, type PromptfooAssertion } from "./promptfoo-assertions.js";
import { parseExpected } from "./promptfoo-expected.js";
import type { PromptfooTest } from "./promptfoo-rows.js";

const CONFIG = /^__config:__expected(\d*):threshold$/;
const METADATA = /^__metadata:(.+?)(\[\])?$/;

/** A row of promptfoo's CSV: special columns begin with two underscores, all plain ones are variables, whatever their names. */
export function testOfCsvRow(cells: Cells): PromptfooTest {
  const vars: Record<string, unknown> = {};
  const metadata: Record<string, unknown> = {};
  const special: Record<string, string> = {};
  for (const [column, value] of Object.entries(cells) as [string, string][]) {
    // CSV cells are text
    const [, key, isList] = METADATA.exec(column) ?? [];
    if (!column.startsWith("__")) vars[column] = value;
    else if (key === undefined) special[column] = value;
    else if (value !== "") metadata[key] = isList === undefined ? value : listOf(value);
  }
  return {
    vars,
    metadata,
    description: special["__description"] || null,
    prefix: special["__prefix"] ?? "",
    suffix: special["__suffix"] ?? "",
    threshold: numberOf(special["__threshold"], "__threshold"),
    assertions: assertionsOf(special),
  };
}

/** A list with commas between its items; a comma of an item has a backslash before it. */
function listOf(text: string): string[] {
  return text.split(/(?<!\\),/).map((item) => item.replaceAll("\\,", ",").trim());
}

function assertionsOf(special: Readonly<Record<string, string>>): PromptfooAssertion[] {
  const expected = Object.entries(special).filter(([column, value]) => /^__expected\d*$/.test(column) && value.trim() !== "");
  const thresholds = new Map<string, number | null>();
  for (const [column, value] of Object.entries(special)) {
    const number = CONFIG.exec(column)?.[1];
    // `__expected` and `__expected1` are both the first.
    if (number !== undefined) thresholds.set(number === "" ? "1" : number, numberOf(value, column));
    else if (column.startsWith("__config:")) throw new CellFault(`The column ${column} is not read: of assertions, only their threshold can be set so.`);
  }
  return expected.map(([column, value]) => {
    const assertion = parseExpected(value);
    return { ...assertion, threshold: thresholds.get(column.slice("__expected".length) || "1") ?? assertion.threshold, metric: special["__metric"] || null };
  });
}
