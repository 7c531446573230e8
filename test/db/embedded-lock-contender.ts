// Takes the lock of a directory again and again and adds one to a number in it, which only a lone owner gets right.
import { readFile, writeFile } from "node:fs/promises";
import { withStartLock } from "../../src/db/embedded/start-lock.js";

const [, , lock = "", counter = "", rounds = "0", end = ""] = process.argv;

for (let round = 0; round < Number(rounds); round += 1) {
  await withStartLock(lock, 20_000, async () => {
    const seen = Number(await readFile(counter, "utf8"));
    await writeFile(counter, String(seen + 1));
  });
}
if (end === "die-inside") await withStartLock(lock, 20_000, () => { process.kill(process.pid, "SIGKILL"); return Promise.resolve(); });
