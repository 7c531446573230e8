import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { GatewayClient } from "../../src/demo/gateway-client.js";

/** A gateway in a process of its own, as users run it: compiled, on the embedded database unless the environment says otherwise. */
export interface GatewayProcess {
  readonly url: string;
  readonly pid: number;
  readonly client: GatewayClient;
  readonly token: string;
  /** Everything it has written so far. */
  readonly output: { stdout: string; stderr: string };
  /** Ends it and answers its exit code; null when a signal killed it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface GatewayProcessOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly bin?: string;
  /** The token to use where the process makes none. */
  readonly token?: string;
}

const READY_MS = 60_000;
const TOKEN = "a-token-that-the-tests-have-brought";

/** A process with its output gathered. */
export function spawnProcess(command: string, args: readonly string[], env: Readonly<Record<string, string>>): { child: ChildProcess; output: { stdout: string; stderr: string } } {
  const child = spawn(command, args, { env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/tmp", LOG_LEVEL: "warn", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  return { child, output };
}

/** Starts one on a free port and waits for its ready line. */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const token = options.token ?? TOKEN;
  const { child, output } = spawnProcess(process.execPath, [options.bin ?? "dist/src/bin/start.js"], { PORT: "0", DATA_DIR: options.dataDir, BOOTSTRAP_TOKEN: token, ...options.env });
  const exited = once(child, "exit");
  const url = await readyUrl(child, output);
  return {
    url,
    pid: child.pid ?? 0,
    token,
    client: new GatewayClient(url, token),
    output,
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await exited;
      }
      return child.exitCode;
    },
  };
}

async function readyUrl(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<string> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    const url = /^ready (\S+)$/m.exec(output.stdout)?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null) throw new Error(`The gateway ended with ${child.exitCode}:\n${output.stdout}${output.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGKILL");
  throw new Error(`The gateway was not ready after ${READY_MS} ms:\n${output.stdout}${output.stderr}`);
}
