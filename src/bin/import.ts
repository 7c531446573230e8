// Sends a file of tests to a gateway: npm run import -- FILE --test-set NAME.
import "./node-version.js";

try {
  const { processEnvironment } = await import("../config/config.js");
  const { outputOf } = await import("../app/command-line.js");
  const { runImport } = await import("../app/import-file.js");
  process.exitCode = await runImport(process.argv.slice(2), processEnvironment(), outputOf(process));
} catch (error) {
  const { message, cause } = error as Error & { cause?: Error };
  process.stderr.write(`The file could not be imported: ${message}${cause === undefined ? "" : ` (${cause.message})`}\n`);
  process.exitCode = 1;
}
