import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A bot in a process of its own. */
export interface BotProcess {
  /** Such as 127.0.0.1:40123. */
  readonly host: string;
  stop(): Promise<void>;
}

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const WITHIN_MS = 30_000;

/** Starts the bot of that file on a free port of loopback. */
export async function startBot(file: string): Promise<BotProcess> {
  const child = spawn(process.execPath, ["--import", "./loopback.mjs", file], { cwd: FOLDER, env: { ...process.env, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} is not ready after ${WITHIN_MS} ms.`)), WITHIN_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /^ready (\d+)$/.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}. Is test/bots installed? Run npm ci there.`)));
  });
  return {
    host: `127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
