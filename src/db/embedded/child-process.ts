import { spawn } from "node:child_process";

/** Whom a child runs as. Undefined members of a call mean: as ourselves. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

export interface ChildOptions {
  readonly timeoutMs: number;
  readonly account?: Account | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface ChildResult {
  /** Exit status; null when the child was killed or could not be started. */
  readonly status: number | null;
  /** Standard output and error in order of arrival, the last 64 KiB. */
  readonly output: string;
}

const keptOutput = 64 * 1024;

/**
 * Runs one program to its end without a shell. Never rejects: a program that cannot be started is a result too,
 * because trying it is how we find out.
 */
export function runChild(program: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  return new Promise((resolve) => {
    let output = "";
    const keep = (text: string) => { output = (output + text).slice(-keptOutput); };
    const { account } = options;
    try {
      const child = spawn(program, args, {
        // A working directory the account can surely enter: initdb and pg_ctl fail in one they cannot.
        cwd: process.platform === "win32" ? undefined : "/",
        // Not our own environment: PGDATA, PGPORT or a translated LC_MESSAGES would change what the programs do.
        env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", ...options.env },
        stdio: ["ignore", "pipe", "pipe"],
        windowsHide: true,
        timeout: options.timeoutMs,
        killSignal: "SIGKILL",
        // With a uid, libuv also clears the supplementary groups.
        ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      });
      const startedAt = Date.now();
      child.stdout.setEncoding("utf8").on("data", keep);
      child.stderr.setEncoding("utf8").on("data", keep);
      child.on("error", (error) => { resolve({ status: null, output: output + error.message }); });
      child.on("close", (status) => {
        if (status === null && Date.now() - startedAt >= options.timeoutMs) keep(`\nkilled after ${options.timeoutMs} ms`);
        resolve({ status, output });
      });
    } catch (error) {
      // spawn throws at once when the uid cannot be taken (a user namespace without it).
      resolve({ status: null, output: error instanceof Error ? error.message : String(error) });
    }
  });
}
