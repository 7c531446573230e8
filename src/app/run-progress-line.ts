import type { CommandOutput } from "./command-line.js";
import type { RemoteGateway } from "./remote-gateway.js";

interface Progress {
  readonly total: number;
  readonly finished: number;
  readonly running: number;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly etaMs: number | null;
}

interface StatusEvent {
  readonly runStatus: { readonly status: string; readonly progress: Progress };
}

const STATUS = `subscription ($id: ID!) { runStatus(runId: $id) { status progress { total finished running passed failed errored etaMs } } }`;
const BAR = 24;
/** Without a terminal a line at most this often, so that a log stays readable. */
const LINE_MS = 5_000;

/** Shows a run's progress, on one line of a terminal or on plain lines, until it ends or the signal aborts. */
export async function showProgress(gateway: RemoteGateway, runId: string, output: CommandOutput, signal: AbortSignal): Promise<void> {
  let lastLine = -LINE_MS;
  for await (const { runStatus } of gateway.subscribe<StatusEvent>(STATUS, { id: runId }, signal)) {
    const line = progressLine(runStatus.status, runStatus.progress);
    const isOver = runStatus.progress.finished === runStatus.progress.total;
    if (output.isTerminal) output.err(`\r\u001B[2K${line}`);
    else if (isOver || performance.now() - lastLine >= LINE_MS) {
      lastLine = performance.now();
      output.err(`${line}\n`);
    }
  }
  if (output.isTerminal) output.err("\n");
}

function progressLine(status: string, progress: Progress): string {
  const share = progress.total === 0 ? 1 : progress.finished / progress.total;
  const filled = Math.round(share * BAR);
  const counts = `${progress.passed} passed, ${progress.failed} failed, ${progress.errored} errors`;
  const rest = progress.etaMs === null || progress.etaMs === 0 ? "" : `, ${Math.ceil(progress.etaMs / 1_000)} s left`;
  return `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${String(Math.floor(share * 100)).padStart(3)} %  ${progress.finished}/${progress.total}  ${counts}, ${progress.running} in work${rest}  ${status}`;
}
