import { readFileSync } from "node:fs";
import { buildSchema, type GraphQLSchema } from "graphql";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

/** What the schema does not have yet, one schema coordinate a line. */
export const MISSING_FILE = new URL("missing.txt", import.meta.url);

export function readContract(): GraphQLSchema {
  return buildSchema(read("contract.graphql"));
}

export function readMissing(): readonly string[] {
  return read("missing.txt").split("\n").filter((line) => line !== "");
}
