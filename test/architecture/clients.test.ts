import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "./sources.js";

const run = promisify(execFile);
const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);

// Two real clients read schema.graphql as a frontend's build would: what they stumble over, every frontend does.
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "assay-clients-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("graphql-codegen", () => {
  // A type error here is an operation, or a type of the schema, that no frontend could use.
  test("makes typed operations of the examples that compile under our strict flags", async () => {
    const project = join(folder, "codegen");
    await mkdir(join(project, "test"), { recursive: true });
    for (const file of ["codegen.ts", "schema.graphql", "tsconfig.json", "package.json"]) await cp(join(ROOT, file), join(project, file));
    await cp(join(ROOT, "test/client"), join(project, "test/client"), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(project, "node_modules"));
    await run(bin("graphql-codegen"), ["--config", "codegen.ts", "--silent"], { cwd: project });
    await writeFile(
      join(project, "consumer.ts"),
      `import { TestSetsDocument, type TestSetsQuery } from "./test/generated/graphql.js";
       import { graphql } from "./test/generated/index.js";
       export const names = (data: TestSetsQuery): string[] => data.testSets.nodes.map((testSet) => testSet.name);
       export const documents = [TestSetsDocument, graphql];
       // @ts-expect-error -- a field that was not asked for is not there
       export const unknown = (data: TestSetsQuery): unknown => data.testSets.nodes[0]?.version;`,
    );
    await writeFile(join(project, "tsconfig.client.json"), JSON.stringify({ extends: "./tsconfig.json", compilerOptions: { noEmit: true, isolatedModules: false }, include: ["consumer.ts", "test/generated"] }));
    await run(bin("tsc"), ["--project", "tsconfig.client.json"], { cwd: project });
    const manifest: unknown = JSON.parse(await readFile(join(project, "test/generated/persisted-documents.json"), "utf8"));
    expect(Object.values(manifest as object).join("\n")).toContain("query TestSets");
  }, 120_000);
});

describe("relay-compiler", () => {
  // Relay holds connections, cursors, node(id) and refetching to its specification.
  test("compiles a paged, refetchable fragment and a mutation over the schema", async () => {
    const project = join(folder, "relay");
    await mkdir(join(project, "src"), { recursive: true });
    await mkdir(join(project, "artifacts"));
    await cp(join(ROOT, "schema.graphql"), join(project, "schema.graphql"));
    await writeFile(
      join(project, "src/TestsOfSet.ts"),
      `import { graphql } from "relay-runtime";
       graphql\`
         fragment TestsOfSet_testSet on TestSet @refetchable(queryName: "TestsOfSetPageQuery") @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
           name
           tests(first: $first, after: $after) @connection(key: "TestsOfSet_tests") { edges { node { id prompt { content } } } }
         }
       \`;
       graphql\`
         query TestsOfSetQuery($ref: EntityRef!) { testSet(ref: $ref) { ...TestsOfSet_testSet } }
       \`;
       graphql\`
         mutation TestsOfSetRenameMutation($input: UpdateTestSetInput!) { updateTestSet(input: $input) { id name } }
       \`;`,
    );
    await writeFile(join(project, "relay.config.json"), JSON.stringify({ src: "./src", schema: "./schema.graphql", language: "typescript", artifactDirectory: "./artifacts", customScalarTypes: { DateTime: "string", JSON: "unknown", JSONObject: "Record<string, unknown>", SafeInt: "number" } }));
    await run(bin("relay-compiler"), ["relay.config.json"], { cwd: project });
    expect((await readdir(join(project, "artifacts"))).sort()).toEqual(["TestsOfSetPageQuery.graphql.ts", "TestsOfSetQuery.graphql.ts", "TestsOfSetRenameMutation.graphql.ts", "TestsOfSet_testSet.graphql.ts"]);
  });
});
