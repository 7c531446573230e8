import { progressLine, type RunProgress } from "../app/run-progress-line.js";
import type { GatewayClient } from "./gateway-client.js";

export interface RunStatusEvent {
  readonly runStatus: { readonly status: string; readonly progress: RunProgress };
}

const RUN_STATUS = `subscription ($id: ID!) { runStatus(runId: $id) { status progress { total finished running passed failed errored } } }`;
const INDENT = "  ";
/** Without a terminal: a line this often, so that a log stays readable. */
const LINE_MS = 1_000;

/** Shows a run's progress from its subscription, on one line of a terminal or on plain lines, until it ends; answers its status. */
export async function watchRun(client: GatewayClient, runId: string, out: NodeJS.WriteStream): Promise<string> {
  let status = "QUEUED";
  let lastLine = 0;
  for await (const { runStatus } of client.subscribe<RunStatusEvent>(RUN_STATUS, { id: runId })) {
    status = runStatus.status;
    const isOver = runStatus.progress.finished === runStatus.progress.total;
    if (out.isTTY) out.write(`\r\u001B[2K${INDENT}${progressLine(runStatus.status, runStatus.progress, (out.columns || Number.POSITIVE_INFINITY) - INDENT.length)}`);
    else if (isOver || Date.now() - lastLine >= LINE_MS) {
      lastLine = Date.now();
      out.write(`${INDENT}${progressLine(runStatus.status, runStatus.progress)}\n`);
    }
  }
  if (out.isTTY) out.write("\n");
  return status;
}

interface ExampleOutput {
  readonly preview: string;
  readonly turns: readonly { readonly message: string; readonly response: string | null }[];
}

interface Summary {
  readonly testRun: {
    readonly status: string;
    readonly passRate: number | null;
    readonly coverage: number | null;
    readonly startedAt: string | null;
    readonly finishedAt: string | null;
    readonly progress: RunProgress;
    readonly results: { readonly nodes: readonly { readonly status: string; readonly prompt: { readonly content: string } | null; readonly output: ExampleOutput | null; readonly metricResults: readonly { readonly name: string; readonly status: string; readonly reason: string | null }[] }[] };
  } | null;
}

const SUMMARY = `query ($id: ID!) { testRun(ref: { id: $id }) { status passRate coverage startedAt finishedAt progress { total finished running passed failed errored }
  results(first: 1) { nodes { status prompt { content } output { preview turns { message response } } metricResults { name status reason } } } } }`;

/** Prints what came of a run, with its first result as an example. */
export async function printSummary(client: GatewayClient, runId: string, out: NodeJS.WriteStream): Promise<void> {
  const { testRun } = await client.request<Summary>(SUMMARY, { id: runId });
  if (testRun === null) throw new Error(`The run ${runId} is gone.`);
  const { progress } = testRun;
  const seconds = testRun.startedAt === null || testRun.finishedAt === null ? 0 : (Date.parse(testRun.finishedAt) - Date.parse(testRun.startedAt)) / 1_000;
  const percent = (rate: number | null): string => (rate === null ? "unknown" : `${(rate * 100).toFixed(1)} %`);
  out.write(`  ${testRun.status} in ${seconds.toFixed(1)} s: ${progress.passed} passed, ${progress.failed} failed, ${progress.errored} errors; pass rate ${percent(testRun.passRate)}, coverage ${percent(testRun.coverage)}\n`);
  const [example] = testRun.results.nodes;
  if (example === undefined) return;
  const turns = example.output?.turns ?? [];
  const exchanges = turns.length > 0 ? turns : [{ message: example.prompt?.content, response: example.output?.preview }];
  exchanges.forEach(({ message, response }, index) => out.write(`  ${index === 0 ? "for example" : "   and then"}: "${short(message)}"\n     answered: "${short(response)}"\n`));
  const decisive = example.metricResults.find((metric) => metric.status === example.status && metric.reason !== null);
  out.write(`     -> ${example.status}${decisive === undefined ? "" : ` by "${decisive.name}": ${short(decisive.reason)}`}\n\n`);
}

function short(text: string | null | undefined): string {
  const line = (text ?? "").replaceAll(/\s+/g, " ").trim();
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}
