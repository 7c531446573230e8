import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { buildSchema } from "graphql";
import { agreement } from "./agreement.js";
import { MISSING_FILE, readContract, readMissing } from "./files.js";

// Writes missing.txt for the schema.graphql that is there. The list only shrinks: what clients could rely on stays.
const { missing } = agreement(readContract(), buildSchema(readFileSync("schema.graphql", "utf8")));
const known = existsSync(MISSING_FILE) ? new Set(readMissing()) : null;
const lost = missing.filter((coordinate) => known !== null && !known.has(coordinate));
if (lost.length > 0) {
  process.stderr.write(`The schema has lost what it had of the contract:\n${lost.map((coordinate) => `  ${coordinate}\n`).join("")}`);
  process.exit(1);
}
writeFileSync(MISSING_FILE, missing.map((coordinate) => `${coordinate}\n`).join(""));
process.stderr.write(`${missing.length} definitions of the contract are missing (test/contract/missing.txt)\n`);
