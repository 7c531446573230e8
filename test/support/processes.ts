import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type GatewayProcess, spawnProcess, startGatewayProcess } from "./gateway-process.js";

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** Ends it; answers its exit code, null when the signal killed it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The processes of a deployment over one database, compiled and started as users start them, but without npm between: a signal reaches the process itself. */
export class Deployment {
  readonly env: Readonly<Record<string, string>>;
  readonly #started: { stop: (signal?: NodeJS.Signals) => Promise<number | null> }[] = [];

  constructor(databaseUrl: string, env: Readonly<Record<string, string>> = {}) {
    this.env = { DATABASE_URL: databaseUrl, SECRET_KEY: randomBytes(32).toString("base64"), ENDPOINT_ALLOW_PRIVATE: "true", ...env };
  }

  async startApi(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const api = await startGatewayProcess({ dataDir: "unused", bin: "dist/src/bin/api.js", env: { ...this.env, ...env } });
    this.#started.push(api);
    return api;
  }

  startWorker(env: Readonly<Record<string, string>> = {}): WorkerProcess {
    const { child, output } = spawnProcess(process.execPath, ["dist/src/bin/worker.js"], { ...this.env, ...env });
    const exited = once(child, "exit");
    const worker: WorkerProcess = {
      child,
      output,
      stop: async (signal = "SIGTERM") => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill(signal);
          await exited;
        }
        return child.exitCode;
      },
    };
    this.#started.push(worker);
    return worker;
  }

  /** Ends everything that still runs. */
  async stop(): Promise<void> {
    await Promise.all(this.#started.map((each) => each.stop("SIGKILL")));
  }
}

/** Runs a program to its end. */
export async function runToEnd(bin: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [bin, ...args], { env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/tmp", LOG_LEVEL: "warn", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null]; // all that it wrote has been read by then, which at its exit may be on the way
  return { code, ...output };
}
