// Holds a finished run against limits, for continuous integration: npm run gate -- --run RUN --min-pass-rate 0.9.
import "./node-version.js";

const { processEnvironment } = await import("../config/config.js");
const { runGate } = await import("../app/gate-run.js");
const output = { out: (text: string) => process.stdout.write(text), err: (text: string) => process.stderr.write(text), isTerminal: process.stderr.isTTY };
process.exitCode = await runGate(process.argv.slice(2), processEnvironment(), output);
