/** What spreadsheets take for the beginning of a formula, their full-width forms included; tabs and line ends are stripped by some, which leaves what follows. */
const FORMULA_STARTS: ReadonlySet<string> = new Set("=+-@\t\r\n＝＋－＠");

/** The text as a cell that no spreadsheet evaluates: an apostrophe before what would be a formula makes it a text. */
export function textCell(text: string): string {
  return FORMULA_STARTS.has(text.charAt(0)) ? `'${text}` : text;
}
