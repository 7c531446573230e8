import { ConfigError, readConfig } from "../config/config.js";
import { createLogger, type Logger } from "../log.js";
import { startGateway } from "./gateway.js";

/** What a process does: both halves in one, or one of them. */
export type ProcessKind = "gateway" | "api" | "worker";

/** How long what is in flight may take to end when the process is asked to. */
const GRACE_MS = 10_000;

/** Something that was started and can be stopped. */
export interface Running {
  stop(graceMs: number): Promise<void>;
}

/** Runs a process until it is told to end: exit code 0 then, 1 when it could not start or broke. */
export async function runProcess(kind: ProcessKind): Promise<void> {
  const log = await begin(kind);
  if (log !== null) endOnFaults(log);
}

async function begin(kind: ProcessKind): Promise<Logger | null> {
  try {
    const config = readConfig();
    const log = createLogger({ level: config.logLevel, service: kind, pretty: process.stderr.isTTY });
    const starting = startGateway({ config, kind, log, print: (line) => process.stdout.write(`${line}\n`) });
    // From the first moment on: a start that is cut off must not leave the embedded server behind.
    stopOnSignals({ stop: async (graceMs) => (await starting).stop(graceMs) }, log);
    await starting;
    return log;
  } catch (error) {
    failStart(error);
    return null;
  }
}

/** Prints why the process cannot start, for people, and ends it. */
export function failStart(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof ConfigError ? message : `Assay could not start: ${message}`}\n`);
  process.exitCode = 1;
  // What was opened before the failure must not keep the process alive; its output is written by then.
  setTimeout(() => process.exit(1), 500).unref();
}

/** Signals that come so soon after the first are the same one: npm passes on what the terminal has sent to everybody. */
const SAME_SIGNAL_MS = 500;

/** Ends the process in order on SIGTERM and SIGINT; at once on the second. */
export function stopOnSignals(running: Running, log: Logger): void {
  let stoppingSince: number | null = null;
  const stop = (signal: string): void => {
    if (stoppingSince !== null && performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
    if (stoppingSince !== null) process.exit(1);
    stoppingSince = performance.now();
    log.info({ signal }, "stopping");
    running.stop(GRACE_MS).then(
      () => {
        log.info("stopped");
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, "could not stop in order");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function endOnFaults(log: Logger): void {
  const end = (error: unknown): void => {
    log.fatal({ err: error }, "an error that nothing handles: ending, so that a clean process can take over");
    process.exit(1);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
