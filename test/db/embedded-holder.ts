// A gateway process as far as the database is concerned: opens DATA_DIR, answers one line for every line it reads.
import { createInterface } from "node:readline";
import { openEmbeddedDatabase } from "../../src/db/embedded/index.js";

const [, , dataDir = "", mode] = process.argv;

function answer(text: string): void {
  process.stdout.write(`${text.replaceAll("\n", " ")}\n`);
}

try {
  const database = await openEmbeddedDatabase({
    dataDir,
    log: (message) => { if (mode === "verbose") answer(message); },
  });
  answer(database.url);
  if (mode !== "idle") {
    for await (const command of createInterface({ input: process.stdin })) {
      if (command === "ensure") answer(await database.ensureRunning());
      if (command === "close") {
        await database.close();
        answer("closed");
        break;
      }
    }
  }
} catch (error) {
  answer(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  process.exitCode = 1;
}
