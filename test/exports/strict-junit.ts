/** A test case of a document, its texts as they are written. */
export interface JUnitCase {
  readonly name: string;
  readonly classname: string;
  readonly time: string;
  readonly verdict: "passed" | "failure" | "error" | "skipped";
  readonly message: string | null;
  readonly type: string | null;
  readonly text: string;
}

const NAME = String.raw`"(?:[^\s<"&]|&(?:amp|lt|gt|quot|#\d+);)(?:[^<"&\t\r\n]|&(?:amp|lt|gt|quot|#\d+);)*"`;
const STRING = String.raw`"(?:[^<"&]|&(?:amp|lt|gt|quot|#\d+);)*"`;
const TEXT = String.raw`(?:[^<>&]|&(?:amp|lt|gt|#13);)*`;
const DECIMAL = String.raw`"-?\d+(?:\.\d+)?"`;
const CASE = String.raw`\s*<testcase name=(${NAME}) classname=(${NAME}) time=(${DECIMAL})(?:/>|>(?:<(failure|error) message=(${STRING}) type=(${STRING})>(${TEXT})</\4>|<(skipped)>(${TEXT})</skipped>)</testcase>)`;
const SUITE = new RegExp(
  String.raw`^<\?xml version="1\.0" encoding="UTF-8"\?>\s*<testsuites>\s*<testsuite package=${NAME} id="0" name=${NAME} timestamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d" hostname=${NAME} tests="(\d+)" failures="(\d+)" errors="(\d+)"(?: skipped="(\d+)")? time=${DECIMAL}>` +
    String.raw`\s*<properties>(?:\s*<property name=${NAME} value=${STRING}/>)*\s*</properties>((?:${CASE.replaceAll(/\((?!\?)/g, "(?:").replace(String.raw`</\4>`, "</(?:failure|error)>")})*)` +
    String.raw`\s*<system-out>${TEXT}</system-out>\s*<system-err>${TEXT}</system-err>\s*</testsuite>\s*</testsuites>\s*$`,
  "u",
);
/** What XML 1.0 forbids. */
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/u;

/**
 * The cases of a document that the strict schema of Ant's JUnit task allows: its order of elements, its needed
 * attributes and their forms, no other ones, written as a grammar. Throws for any other document, and where the counts
 * are not those of the cases.
 */
export function strictJUnit(text: string): JUnitCase[] {
  if (FORBIDDEN.test(text)) throw new Error("The document holds characters that XML does not allow.");
  const suite = SUITE.exec(text);
  if (suite === null) throw new Error(`The strict schema does not allow this document:\n${text}`);
  const unquote = (value: string | undefined): string | null => value?.slice(1, -1) ?? null;
  const cases = [...text.matchAll(new RegExp(CASE, "gu"))].map(([, name, classname, time, verdict, message, type, body, skipped, why]): JUnitCase => ({
    name: unquote(name) ?? "",
    classname: unquote(classname) ?? "",
    time: unquote(time) ?? "",
    verdict: skipped === undefined ? ((verdict as "failure" | "error" | undefined) ?? "passed") : "skipped",
    message: unquote(message) ?? why ?? null,
    type: unquote(type),
    text: body ?? "",
  }));
  const count = (verdict: JUnitCase["verdict"]): number => cases.filter((each) => each.verdict === verdict).length;
  const [, tests, failures, errors, skipped = "0"] = suite;
  const said = [tests, failures, errors, skipped].map(Number);
  const found = [cases.length, count("failure"), count("error"), count("skipped")];
  if (said.join() !== found.join()) throw new Error(`The suite says ${said.join(", ")} where its cases are ${found.join(", ")}.`);
  return cases;
}
