import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IMPORT_FIELDS, planColumns } from "../../../src/test-sets/importing/import-fields.js";
import { createTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const README = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
const SECTION = /## Importing tests\n([\s\S]*?)\n## /.exec(README)?.[1] ?? "";

// What users paste first must work.
describe("the README's section on imports", () => {
  it.each([["csv", "CSV", 2], ["jsonl", "JSONL", 2], ["json", "JSON", 1], ["yaml", "YAML", 1]])("has an example of %s that imports", async (fence, format, tests) => {
    const content = new RegExp(`\`\`\`${fence}\n([\\s\\S]*?)\`\`\``).exec(SECTION)?.[1];
    const { importTests } = await app.data("mutation ($input: ImportTestsInput!) { importTests(input: $input) { created rejected { message } } }", { input: { testSet: { name: `README ${fence}` }, format, content } });
    expect(importTests).toEqual({ created: tests, rejected: [] });
  });

  it("names every field, and columns that are read as the fields", () => {
    const rows = [...SECTION.matchAll(/^\| ([a-z_, ]+) \| ([^.:|\n]+)/gm)].filter(([, field]) => field !== "field");
    expect(rows.flatMap(([, fields = ""]) => fields.split(", ")).sort()).toEqual([...IMPORT_FIELDS].sort());
    for (const [, fields = "", names = ""] of rows) {
      if (names.includes("the same names")) continue;
      for (const name of names.trim().split(", ")) expect([name, ...planColumns([name.trim()], new Map()).fields.keys()]).toEqual([name, fields]);
    }
  });
});
