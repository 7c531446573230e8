// Holds a finished run against limits, for continuous integration: npm run gate -- --run RUN --min-pass-rate 0.9.
import "./node-version.js";

const { processEnvironment } = await import("../config/config.js");
const { outputOf } = await import("../app/command-line.js");
const { runGate } = await import("../app/gate-run.js");
process.exitCode = await runGate(process.argv.slice(2), processEnvironment(), outputOf(process));
