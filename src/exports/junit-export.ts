import { positionOf, TestResultStatus, trialOf } from "../runs/index.js";
import type { ExportedMetricResult, ExportHead, ExportRow } from "./export-row.js";
import { xmlAttribute, xmlText, xmlToken } from "./xml-text.js";

/** Characters of a prompt or answer in the text of a failure: what a person reads in a report of CI. */
const SHOWN = 2_000;
/** Of a message, which reports show on one line. */
const MESSAGE = 500;

/**
 * The document up to its first case: one suite, as the schema of Ant's JUnit task has it (https://github.com/windyroad/JUnit-Schema).
 * It wants times without a zone and without fractions, and has no place for a case's own output.
 */
export function junitOpening(head: ExportHead, now: Date): string {
  const { run } = head;
  const skipped = run.total - run.passed - run.failed - run.errored;
  const end = run.finishedAt ?? now;
  const seconds = run.startedAt === null ? 0 : Math.max(0, end.getTime() - run.startedAt.getTime()) / 1_000;
  const attributes = [
    `package="${xmlToken(head.testSetName ?? head.endpointName)}" id="0" name="${xmlToken(run.name)}" timestamp="${(run.startedAt ?? run.createdAt).toISOString().slice(0, 19)}" hostname="localhost"`,
    `tests="${run.total}" failures="${run.failed}" errors="${run.errored}"`,
    // The schema's first edition does not know it: left out where it says nothing.
    ...(skipped === 0 ? [] : [`skipped="${skipped}"`]),
    `time="${seconds.toFixed(3)}"`,
  ].join(" ");
  const properties = [["run.id", run.id], ["run.status", run.status], ["run.kind", run.kind], ["endpoint", head.endpointName], ["test set", head.testSetName ?? ""], ["trials", String(run.trials)]] as const;
  const lines = properties.map(([name, value]) => `      <property name="${name}" value="${xmlAttribute(value)}"/>\n`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  <testsuite ${attributes}>\n    <properties>\n${lines}    </properties>\n`;
}

/** A case for each result. */
export function junitCases(head: ExportHead, rows: readonly ExportRow[]): string {
  return rows.map((row) => junitCase(head, row)).join("");
}

/** What follows the last case. */
export function junitClosing({ run }: ExportHead): string {
  const error = run.error === null ? "" : xmlText(`${run.error.code}: ${run.error.message}`);
  return `    <system-out></system-out>\n    <system-err>${error}</system-err>\n  </testsuite>\n</testsuites>\n`;
}

function junitCase(head: ExportHead, row: ExportRow): string {
  const { result } = row;
  const time = ((result.latencyMs ?? 0) / 1_000).toFixed(3);
  const opening = `    <testcase name="${xmlToken(caseName(head, row))}" classname="${xmlToken(row.testSetName ?? head.endpointName)}" time="${time}"`;
  const verdict = verdictOf(head, row);
  return verdict === "" ? `${opening}/>\n` : `${opening}>${verdict}</testcase>\n`;
}

/**
 * The same in every run, so that reports show a test's history: the test's key, else its place in its set, which no
 * other test ever gets. Not its prompt, which may be edited. Trials are cases of their own.
 */
function caseName({ run }: ExportHead, { test, result }: ExportRow): string {
  const name = test?.key ?? `test ${test?.position ?? positionOf(result.ordinal, run.trials)}`;
  return run.trials === 1 ? name : `${name} [trial ${trialOf(result.ordinal, run.trials)}]`;
}

function verdictOf(head: ExportHead, row: ExportRow): string {
  const { status, error } = row.result;
  switch (status) {
    case TestResultStatus.PASSED:
      return "";
    case TestResultStatus.FAILED: {
      const failed = linesOf(head, row.metricResults.filter((each) => each.status === "FAILED"));
      const message = failed.length === 0 ? "A reviewer decided that it failed." : failed.join("; ");
      return `<failure message="${xmlAttribute(message.slice(0, MESSAGE))}" type="assertion">${xmlText(detailsOf(head, row))}</failure>`;
    }
    case TestResultStatus.ERROR:
      return `<error message="${xmlAttribute((error?.message ?? "There is no verdict.").slice(0, MESSAGE))}" type="${xmlAttribute(error?.type ?? "INTERNAL")}">${xmlText(detailsOf(head, row))}</error>`;
    case TestResultStatus.CANCELLED:
      return "<skipped>cancelled</skipped>";
    case TestResultStatus.PENDING:
    case TestResultStatus.RUNNING:
      return "<skipped>not finished yet</skipped>";
    default:
      return status satisfies never;
  }
}

/** What was asked and answered, and what each metric and each reviewer made of it. */
function detailsOf(head: ExportHead, row: ExportRow): string {
  const { test, output, reviews } = row;
  const parts = [
    ["prompt", test?.content ?? test?.conversation?.goal ?? test?.conversation?.scriptedTurns[0]],
    ["expected", test?.expectedResponse],
    ["output", output?.output],
    ...linesOf(head, row.metricResults).map((line) => ["metric", line] as const),
    ...reviews.map(({ target, verdict, comment }) => ["review", `${target} ${verdict}: ${comment}`] as const),
  ] as const;
  return parts.flatMap(([name, text]) => (text == null ? [] : [`${name}: ${shorten(text)}`])).join("\n");
}

function linesOf({ metrics }: ExportHead, scored: readonly ExportedMetricResult[]): string[] {
  return scored.map((each) => {
    const name = metrics.find(({ metricIndex }) => metricIndex === each.metricIndex)?.name ?? "metric";
    const value = each.category ?? (each.score === null ? "" : String(each.score));
    const reason = each.reason ?? each.errorMessage ?? "";
    return `${name} ${each.status}${value === "" ? "" : ` (${value})`}${reason === "" ? "" : `: ${reason}`}`;
  });
}

function shorten(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN).toWellFormed()}…` : text;
}
