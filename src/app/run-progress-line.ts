import type { CommandOutput } from "./command-line.js";
import type { RemoteGateway } from "./remote-gateway.js";

/** A run's progress, as runStatus tells it. */
export interface RunProgress {
  readonly total: number;
  readonly finished: number;
  readonly running: number;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly etaMs?: number | null;
}

interface StatusEvent {
  readonly runStatus: { readonly status: string; readonly progress: RunProgress };
}

const STATUS = `subscription ($id: ID!) { runStatus(runId: $id) { status progress { total finished running passed failed errored etaMs } } }`;
const BAR = 24;
/** Without a terminal a line at most this often, so that a log stays readable. */
const LINE_MS = 5_000;

/** Shows a run's progress, on one line of a terminal or on plain lines, until it ends or the signal aborts. */
export async function showProgress(gateway: RemoteGateway, runId: string, output: CommandOutput, signal: AbortSignal): Promise<void> {
  let lastLine = -LINE_MS;
  for await (const { runStatus } of gateway.subscribe<StatusEvent>(STATUS, { id: runId }, signal)) {
    const line = progressLine(runStatus.status, runStatus.progress, output.isTerminal ? output.columns : undefined);
    const isOver = runStatus.progress.finished === runStatus.progress.total;
    if (output.isTerminal) output.err(`\r\u001B[2K${line}`);
    else if (isOver || performance.now() - lastLine >= LINE_MS) {
      lastLine = performance.now();
      output.err(`${line}\n`);
    }
  }
  if (output.isTerminal) output.err("\n");
}

/** A run's progress as one line of a terminal with so many columns. The bar gives way first: of a line that is too long its beginning would stay, and the next one come below it. */
export function progressLine(status: string, progress: RunProgress, columns = Number.POSITIVE_INFINITY): string {
  const share = progress.total === 0 ? 1 : progress.finished / progress.total;
  const counts = `${progress.passed} passed, ${progress.failed} failed, ${progress.errored} errors`;
  const rest = progress.etaMs == null || progress.etaMs === 0 ? "" : `, ${Math.ceil(progress.etaMs / 1_000)} s left`;
  const text = ` ${String(Math.floor(share * 100)).padStart(3)} %  ${progress.finished}/${progress.total}  ${counts}, ${progress.running} in work${rest}  ${status}`;
  const width = Math.min(BAR, Math.max(0, columns - 1 - text.length));
  const filled = Math.round(share * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)}${text}`.slice(0, Math.max(0, columns - 1));
}
