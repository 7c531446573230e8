// Starts a run, shows its progress and holds it against limits: npm run execute -- --test-set SET --endpoint ENDPOINT.
import "./node-version.js";

const { processEnvironment } = await import("../config/config.js");
const { outputOf } = await import("../app/command-line.js");
const { runExecute } = await import("../app/execute-run.js");
const interrupt = new AbortController();
let interruptedAt = 0;
process.on("SIGINT", () => {
  // npm passes on the Ctrl+C that the terminal has sent here as well: only a later one ends the process at once.
  if (interrupt.signal.aborted && performance.now() - interruptedAt > 500) process.exit(130);
  if (!interrupt.signal.aborted) interruptedAt = performance.now();
  interrupt.abort();
});
process.exitCode = await runExecute(process.argv.slice(2), processEnvironment(), outputOf(process), interrupt.signal);
