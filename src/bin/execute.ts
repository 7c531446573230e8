// Starts a run, shows its progress and holds it against limits: npm run execute -- --test-set SET --endpoint ENDPOINT.
import "./node-version.js";

const { processEnvironment } = await import("../config/config.js");
const { runExecute } = await import("../app/execute-run.js");
const output = { out: (text: string) => process.stdout.write(text), err: (text: string) => process.stderr.write(text), isTerminal: process.stderr.isTTY };
const interrupt = new AbortController();
// Once: a second Ctrl+C ends the process at once.
process.once("SIGINT", () => interrupt.abort());
process.exitCode = await runExecute(process.argv.slice(2), processEnvironment(), output, interrupt.signal);
