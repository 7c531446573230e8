// Times downloads of a large run: npm run bench -- downloads.
import { ExportFormat, ExportService } from "../../src/exports/index.js";
import { withBenchDatabase } from "./bench-database.js";
import { report } from "./figures.js";
import { seedRuns } from "./run-world.js";

const TESTS = Number(process.env["BENCH_TESTS"] ?? "200000");
const PROMISE_SECONDS = (10 * TESTS) / 200_000;

await withBenchDatabase(async ({ db }) => {
  const { owner, runIds } = await seedRuns(db, { tests: TESTS, runs: 1 });
  const exports = new ExportService({ db, now: () => new Date() });
  for (const format of Object.values(ExportFormat)) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    const file = await exports.open(owner, runIds[0] ?? "", format, new AbortController().signal);
    let [bytes, highest] = [0, 0];
    for await (const part of file.content) {
      bytes += Buffer.byteLength(part);
      highest = Math.max(highest, process.memoryUsage().rss);
    }
    report({ name: `${TESTS} results as ${format}`, value: (performance.now() - started) / 1_000, unit: "s", limit: PROMISE_SECONDS });
    const { user, system } = process.cpuUsage(used);
    report({ name: `processor time of the gateway for ${format}`, value: (user + system) / 1e6, unit: "s", limit: null });
    report({ name: `size of the ${format} file`, value: bytes / 1e6, unit: "MB", limit: null });
    report({ name: `highest memory during the ${format} download`, value: highest / 1e6, unit: "MB", limit: null });
  }
});
