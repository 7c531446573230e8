// Sends a file of tests to a gateway: npm run import -- FILE --test-set NAME.
import "./node-version.js";

try {
  const { processEnvironment } = await import("../config/config.js");
  const { runImport } = await import("../app/import-file.js");
  const output = { out: (text: string) => process.stdout.write(text), err: (text: string) => process.stderr.write(text), isTerminal: process.stderr.isTTY };
  process.exitCode = await runImport(process.argv.slice(2), processEnvironment(), output);
} catch (error) {
  const { message, cause } = error as Error & { cause?: Error };
  process.stderr.write(`The file could not be imported: ${message}${cause === undefined ? "" : ` (${cause.message})`}\n`);
  process.exitCode = 1;
}
