import ts from "typescript";
import { describe, expect, test } from "vitest";
import { roomOf, type Source, sourcesBelow } from "./sources.js";

// A table that two rooms write has rules that neither of them knows in full. Reading it by a join is free for the
// rooms above.
const sources = sourcesBelow("src");
const WRITING_CALLS = ["insertInto", "updateTable", "deleteFrom", "replaceInto", "mergeInto"];
const WRITING_SQL = /\b(?:insert\s+into|delete\s+from|update(?:\s+only)?|truncate(?:\s+table)?|merge\s+into)\s+([a-z_]+)(?=\s|\(|$)/gi;

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function nodesOf(tree: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** The tables that a file adds to the ground's `Database` interface. */
function declaredTables({ tree }: Source): string[] {
  return nodesOf(tree)
    .filter(ts.isInterfaceDeclaration)
    .filter((node) => node.name.text === "Database" && ts.isModuleBlock(node.parent))
    .flatMap((node) => node.members.map((member) => member.name?.getText() ?? ""));
}

/** The tables that a file writes, by the query builder or by SQL of its own. */
function writtenTables({ tree }: Source): string[] {
  return nodesOf(tree).flatMap((node) => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && WRITING_CALLS.includes(node.expression.name.text)) {
      const [table] = node.arguments;
      return table !== undefined && ts.isStringLiteralLike(table) ? [table.text.split(" ")[0] ?? ""] : [];
    }
    const isSql = ts.isTaggedTemplateExpression(node) && node.tag.getText().startsWith("sql");
    return isSql ? [...node.template.getText().matchAll(WRITING_SQL)].map(([, table = ""]) => camel(table)) : [];
  });
}

const owners = new Map(sources.flatMap((source) => declaredTables(source).map((table) => [table, roomOf(source.path)] as const)));

describe("tables", () => {
  test("each is declared by one room", () => {
    const declared = sources.flatMap(declaredTables);
    expect(declared.filter((table, index) => declared.indexOf(table) !== index)).toEqual([]);
    expect(declared).toContain("testRuns");
  });

  test("each is written by the room that declares it only", () => {
    const offences = sources.flatMap((source) => {
      return writtenTables(source)
        .filter((table) => owners.has(table) && owners.get(table) !== roomOf(source.path))
        .map((table) => `${source.path} writes ${table} of ${owners.get(table)}`);
    });
    expect(offences).toEqual([]);
  });

  // A query elsewhere is a rule that the repository's reader does not find.
  test("each is written in a repository", () => {
    const elsewhere = sources.filter((source) => writtenTables(source).some((table) => owners.has(table)) && !/\.repository\.ts$/.test(source.path));
    expect(elsewhere.map(({ path }) => path)).toEqual([]);
  });
});
