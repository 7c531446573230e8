import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenRun, ownerOf } from "../support/seed.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

/** One thing of each kind that refs name. */
const MAKE = `mutation ($name: String!) {
  createTestSet(input: { name: $name }) { id }
  createEndpoint(input: { name: $name, url: "http://127.0.0.1:1" }) { id }
  createModel(input: { name: $name, baseUrl: "http://127.0.0.1:1", model: "m" }) { id }
  createMetric(input: { name: $name, kind: BUILT_IN, builtIn: "equals" }) { id }
  createBehavior(input: { name: $name }) { id }
  publishExperiment(input: { name: $name, values: {} }) { id }
}`;
const FIND = `query ($name: String!) {
  testSet(ref: { name: $name }) { id } endpoint(ref: { name: $name }) { id } metric(ref: { name: $name }) { id } experiment(ref: { name: $name }) { id }
}`;

describe("a name", () => {
  // Letters whose lower case JavaScript and PostgreSQL see differently: it depends on the neighbours, or is two letters.
  it.each([["ΟΔΟΣ"], ["İstanbul"], ["straße ẞ"], ["Ärger ǅ"]])("finds what is called just so: %s", async (name) => {
    const { createTestSet, createEndpoint, createMetric, publishExperiment } = await app.data(MAKE, { name });
    const found = { testSet: { id: createTestSet.id }, endpoint: { id: createEndpoint.id }, metric: { id: createMetric.id }, experiment: { id: publishExperiment.id } };
    expect(await app.data(FIND, { name })).toEqual(found);
    const { testSets } = await app.data(`query ($name: String!) { testSets(filter: { name: { eq: $name } }) { nodes { id } } }`, { name });
    expect(testSets.nodes).toEqual([{ id: createTestSet.id }]);
    const { updateBehavior, updateModel } = await app.data(
      `mutation ($name: String!) { updateBehavior(input: { behavior: { name: $name }, description: "x" }) { name } updateModel(input: { model: { name: $name }, modelName: "n" }) { name } }`,
      { name },
    );
    expect([updateBehavior, updateModel]).toEqual([{ name }, { name }]);
  });

  it("finds what is called so in another case, and nothing else", async () => {
    await app.data(MAKE, { name: "ΣΟΦΙΑ" });
    expect((await app.data(FIND, { name: "Σοφια" })).testSet).not.toBeNull();
    expect((await app.data(FIND, { name: "Σοφιας" })).testSet).toBeNull();
  });

  it("of a run names it, too, also for a re-score", async () => {
    const run = await givenRun(app.database.db, await ownerOf(app.database.db, app.admin), { name: "ΣΑΣ", status: "COMPLETED" });
    expect((await app.data(`{ testRun(ref: { name: "ΣΑΣ" }) { id } }`)).testRun).toEqual({ id: run.id });
    const refused = await app.error(`mutation { rescore(input: { run: { name: "ΣΑΣ" }, testSet: { name: "ΟΔΟΣ" }, endpoint: { name: "ΟΔΟΣ" } }) { id } }`);
    expect(refused).toMatchObject({ reason: "RUN_OF_ANOTHER_SET" });
  });
});

/** Each takes the text $t in one place. */
const READS = [
  `testSet(ref: { name: $t }) { id }`,
  `endpoint(ref: { name: $t }) { id }`,
  `metric(ref: { name: $t }) { id }`,
  `experiment(ref: { name: $t }) { id }`,
  `evaluationTestCase(ref: { name: $t }) { id }`,
  `testRun(ref: { name: $t }) { id }`,
  `testRun(ref: { id: $id }) { id }`,
];
const LISTS = [
  `testRuns(filter: { tags: [$t] }) { totalCount nodes { id } }`,
  `testRuns(filter: { name: { eq: $t } }) { totalCount nodes { id } }`,
  `testResults(filter: { tags: [$t] }) { totalCount nodes { id } }`,
  `testResults(filter: { metric: { name: $t } }) { totalCount nodes { id } }`,
  `testResults(filter: { search: $t }) { totalCount nodes { id } }`,
  `testSets(filter: { tags: [$t] }) { totalCount nodes { id } }`,
  `auditEvents(action: $t) { totalCount nodes { id } }`,
  `auditEvents(targetId: $id) { totalCount nodes { id } }`,
  `behaviors(name: { in: [$t] }) { totalCount nodes { id } }`,
  `metrics(filter: { name: { startsWith: $t } }) { totalCount nodes { id } }`,
];
const operation = (field: string): string => `query ($t: String!, $id: ID!) { a: ${field} unused: testSets(filter: { name: { eq: $t }, projectId: $id }) { totalCount } }`;

describe.each([["NUL", "x\u0000y"], ["half of a surrogate pair", "x\ud800y"]])("a text with %s, which nothing can have", (_what, t) => {
  it.each(READS)("finds nothing: %s", async (field) => {
    expect((await app.data(operation(field), { t, id: t })).a).toBeNull();
  });

  it.each(LISTS)("leaves a list empty: %s", async (field) => {
    expect((await app.data(operation(field), { t, id: t })).a).toEqual({ totalCount: 0, nodes: [] });
  });

  it("names nothing that could be changed", async () => {
    expect(await app.error(`mutation ($t: String!) { deleteModel(ref: { name: $t }) }`, { t })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(`mutation ($t: String!) { createMetric(input: { name: "judge", kind: LLM_JUDGE, evaluationPrompt: "?", threshold: 1, model: { name: $t } }) { id } }`, { t })).toMatchObject({ code: "NOT_FOUND" });
  });
});
