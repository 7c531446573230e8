import { readMissing } from "./files.js";

// What the gateway still owes its contract, by type; the parts of what is missing as a whole are not repeated.
const missing = new Set(readMissing());
const parentsOf = (coordinate: string): readonly string[] => {
  const field = coordinate.replace(/\(.*$/, "");
  return [field, field.replace(/[. ].*$/, "")].filter((parent) => parent !== coordinate);
};
const outermost = [...missing].filter((coordinate) => !parentsOf(coordinate).some((parent) => missing.has(parent)));

const byType = new Map<string, string[]>([["types", []]]);
for (const coordinate of outermost) {
  const [, type = "types", part = coordinate] = /^([^. |]+)(?:\.| (?=implements|\|))(.+)$/.exec(coordinate) ?? [];
  byType.set(type, [...(byType.get(type) ?? []), part]);
}

process.stdout.write(missing.size === 0 ? "Nothing of the contract is missing.\n" : `${missing.size} definitions of the contract are missing; the list only shrinks:\n`);
for (const [type, parts] of byType) if (parts.length > 0) process.stdout.write(`  ${type}: ${parts.join(", ")}\n`);
