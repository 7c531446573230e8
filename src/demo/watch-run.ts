import type { GatewayClient } from "./gateway-client.js";

interface Progress {
  readonly total: number;
  readonly finished: number;
  readonly running: number;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
}

export interface RunStatusEvent {
  readonly runStatus: { readonly status: string; readonly progress: Progress };
}

const RUN_STATUS = `subscription ($id: ID!) { runStatus(runId: $id) { status progress { total finished running passed failed errored } } }`;
const BAR = 24;
/** Without a terminal: a line this often, so that a log stays readable. */
const LINE_MS = 1_000;

/** Shows a run's progress from its subscription, on one line of a terminal or on plain lines, until it ends; answers its status. */
export async function watchRun(client: GatewayClient, runId: string, out: NodeJS.WriteStream): Promise<string> {
  let status = "QUEUED";
  let lastLine = 0;
  for await (const { runStatus } of client.subscribe<RunStatusEvent>(RUN_STATUS, { id: runId })) {
    status = runStatus.status;
    const isOver = runStatus.progress.finished === runStatus.progress.total;
    if (out.isTTY) out.write(`\r\u001B[2K${progressLine(runStatus.status, runStatus.progress)}`);
    else if (isOver || Date.now() - lastLine >= LINE_MS) {
      lastLine = Date.now();
      out.write(`${progressLine(runStatus.status, runStatus.progress)}\n`);
    }
  }
  if (out.isTTY) out.write("\n");
  return status;
}

function progressLine(status: string, progress: Progress): string {
  const share = progress.total === 0 ? 1 : progress.finished / progress.total;
  const filled = Math.round(share * BAR);
  const counts = `${progress.passed} passed, ${progress.failed} failed, ${progress.errored} errors`;
  return `  ${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${String(Math.floor(share * 100)).padStart(3)} %  ${progress.finished}/${progress.total}  ${counts}, ${progress.running} in work  ${status}`;
}

interface Summary {
  readonly testRun: {
    readonly status: string;
    readonly passRate: number | null;
    readonly coverage: number | null;
    readonly startedAt: string | null;
    readonly finishedAt: string | null;
    readonly progress: Progress;
    readonly results: { readonly nodes: readonly { readonly status: string; readonly prompt: { readonly content: string } | null; readonly output: { readonly preview: string } | null; readonly metricResults: readonly { readonly reason: string | null }[] }[] };
  } | null;
}

const SUMMARY = `query ($id: ID!) { testRun(ref: { id: $id }) { status passRate coverage startedAt finishedAt progress { total finished running passed failed errored }
  results(first: 1) { nodes { status prompt { content } output { preview } metricResults { reason } } } } }`;

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
  out.write(`  for example: "${short(example.prompt?.content)}"\n`);
  out.write(`     answered: "${short(example.output?.preview)}" -> ${example.status}${example.metricResults[0]?.reason == null ? "" : ` (${short(example.metricResults[0].reason)})`}\n\n`);
}

function short(text: string | null | undefined): string {
  const line = (text ?? "").replaceAll(/\s+/g, " ").trim();
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}
