/** The oldest Node.js that the gateway runs on: what undici 8 and vitest 5 need. package.json's `engines` says the same. */
export const MINIMUM_NODE = "22.19.0";

/** What to tell the user of a Node.js that is too old; null when the version will do. */
export function nodeVersionProblem(version: string): string | null {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [minimumMajor = 0, minimumMinor = 0] = MINIMUM_NODE.split(".").map(Number);
  if (major > minimumMajor || (major === minimumMajor && minor >= minimumMinor)) return null;
  return [
    `This needs Node.js ${MINIMUM_NODE} or newer; this is ${version}.`,
    "Run it through npm (such as `npm start`): `npm install` brings a Node.js of its own that npm scripts use.",
    "Otherwise install a newer Node.js from https://nodejs.org.",
  ].join("\n");
}

// Every file of bin/ imports this first and the rest by `await import(…)`: nothing that an old Node.js cannot parse is loaded before.
const problem = nodeVersionProblem(process.versions.node);
if (problem !== null) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
