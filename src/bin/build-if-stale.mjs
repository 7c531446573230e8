// Builds dist/ where it is missing or older than its sources. Plain JavaScript, as it runs before anything is built:
//   node src/bin/build-if-stale.mjs [--force] [--prepare]     as a command
//   node --import ./src/bin/build-if-stale.mjs dist/…         before the program that it builds
// A preload rather than an npm hook: npm runs no hooks where ignore-scripts is set.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = join(root, "dist");
const lock = join(dist, ".building");
// Far above the longest build seen (half a minute on a busy machine); a lock left empty by a crash must not hang a start for ever.
const LOCK_TIMEOUT_MS = 300_000;
const playgroundConfig = "src/playground/vite.config.ts";
const isPlayground = (path) => path.startsWith("src/playground");

/** What is built on its own: a change of the server costs no build of the playground, and the other way round. */
const parts = [
  {
    name: "server",
    sources: ["src", "migrations", "package.json", "tsconfig.json"].map((path) => ({ path, skip: isPlayground })),
    tool: "typescript",
    outputs: ["src", "migrations"],
    build: (out) => {
      run("typescript", "bin/tsc", ["--project", "tsconfig.json", "--outDir", out]);
      // What the sources read beside themselves, such as the demo's data.
      const isCode = (path) => /\.(ts|mts|tsx|mjs)$/.test(path) || isPlayground(relative(root, path));
      cpSync(join(root, "src"), join(out, "src"), { recursive: true, filter: (path) => lstatSync(path).isDirectory() ? !isPlayground(relative(root, path)) : !isCode(path) });
    },
  },
  {
    name: "playground",
    sources: ["src/playground", "package.json"].map((path) => ({ path, skip: () => false })),
    tool: "vite",
    outputs: ["playground"],
    build: (out) => run("vite", "bin/vite.js", ["build", "--config", playgroundConfig, "--outDir", join(out, "playground"), "--emptyOutDir", "--logLevel", "warn"]),
  },
].filter((part) => part.name !== "playground" || existsSync(join(root, playgroundConfig)));

/** Runs a tool of node_modules with this very Node; its output is the user's to see. */
function run(name, bin, args) {
  const { status, signal } = spawnSync(process.execPath, [join(root, "node_modules", name, bin), ...args], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`The build stopped: ${name} ended with ${signal ?? `status ${status}`}.`);
}

const isInstalled = (name) => existsSync(join(root, "node_modules", name, "package.json"));

/** The newest change below the path, folders included, as a deleted file changes its folder only. */
function newest(path, skip) {
  const full = join(root, path);
  if (skip(path) || !existsSync(full)) return 0;
  const stat = statSync(full);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(full).map((name) => newest(`${path}/${name}`, skip)));
}

const changedAt = (part) => Math.max(...part.sources.map(({ path, skip }) => newest(path, skip)));
const stampOf = (part) => join(dist, `.${part.name}-stamp`);

function isMissing(part) {
  return !existsSync(stampOf(part)) || part.outputs.some((output) => !existsSync(join(dist, output)));
}

function isStale(part) {
  // An installation without the sources has nothing that dist/ could be older than.
  return isMissing(part) || Number(readFileSync(stampOf(part), "utf8")) < changedAt(part);
}

/** Builds beside the old output and swaps, so that a program that is running or a failed build never sees half of it. */
function build(part) {
  const startedAt = performance.now();
  const stamp = changedAt(part); // read first: what changes during the build makes it stale again
  const out = join(dist, `.new-${part.name}`);
  rmSync(out, { recursive: true, force: true });
  try {
    part.build(out);
    for (const output of part.outputs) swapIn(out, output);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  writeFileSync(stampOf(part), String(stamp));
  process.stderr.write(`built the ${part.name} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

function swapIn(out, output) {
  const old = join(dist, `.old-${output}`);
  rmSync(old, { recursive: true, force: true });
  if (existsSync(join(dist, output))) renameSync(join(dist, output), old);
  renameSync(join(out, output), join(dist, output));
  rmSync(old, { recursive: true, force: true });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Waits for a build that is going on elsewhere; a lock whose process is gone is taken over. */
async function locked(work) {
  mkdirSync(dist, { recursive: true });
  const deadline = performance.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    if (performance.now() > deadline) throw new Error(`Another build does not end. If there is none, remove ${lock}.`);
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = Number(existsSync(lock) ? readFileSync(lock, "utf8") : "");
    if (owner !== 0 && !isAlive(owner)) rmSync(lock, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

async function main(options) {
  const force = options.includes("--force");
  const wanted = () => parts.filter((part) => force || isStale(part));
  const lacking = wanted().filter((part) => !isInstalled(part.tool));
  if (lacking.length > 0) {
    // Without the development dependencies there is no compiler: what was built elsewhere is taken as it is.
    const missing = lacking.filter(isMissing);
    if (missing.length > 0 && !options.includes("--prepare")) throw new Error("dist/ is not built, and the development dependencies are not installed: run npm install.");
    return;
  }
  if (wanted().length > 0) await locked(() => wanted().forEach(build));
}

// Worker threads inherit --import; the program that starts them has built already.
if (isMainThread) {
  const isCommand = process.argv[1] === fileURLToPath(import.meta.url);
  try {
    await main(isCommand ? process.argv.slice(2) : []);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
