import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_METRICS, resolveRunMetrics } from "../../src/metrics/index.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const ADD = "mutation ($input: TestSetMetricsInput!) { addTestSetMetrics(input: $input) { metrics { name } } }";
const REMOVE = "mutation ($input: TestSetMetricsInput!) { removeTestSetMetrics(input: $input) { metrics { name } } }";
const SET_BEHAVIOR = "mutation ($input: SetBehaviorMetricsInput!) { setBehaviorMetrics(input: $input) { id metrics { name } } }";

async function givenMetric(name: string): Promise<string> {
  return (await app.data('mutation ($name: String!) { createMetric(input: { name: $name, kind: BUILT_IN, builtIn: "equals" }) { id } }', { name }))["createMetric"].id;
}

async function givenTestSet(name: string, behaviors: readonly string[] = []): Promise<string> {
  const input = { name, tests: behaviors.map((behavior) => ({ prompt: { content: "hi" }, behavior })) };
  return (await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", { input }))["createTestSet"].id;
}

async function metricsOf(testSetId: string): Promise<string[]> {
  const { testSet } = await app.data("query ($id: ID!) { testSet(ref: { id: $id }) { metrics { name } } }", { id: testSetId });
  return testSet.metrics.map((metric: { name: string }) => metric.name);
}

async function behaviorId(name: string): Promise<string> {
  const [row] = await app.database.db.selectFrom("behaviors").select("id").where("organizationId", "=", app.admin.organizationId).where("name", "=", name).execute();
  return row?.id ?? "";
}

describe("the metrics of a test set", () => {
  it("are added by id or name, kept in order, and removed", async () => {
    const a = await givenMetric("Set A");
    await givenMetric("Set B");
    await givenMetric("Set C");
    await givenTestSet("Ordered");
    const set = { name: "ordered" };
    expect(await app.data(ADD, { input: { testSet: set, metrics: [{ name: "set b" }, { id: a }, { name: "Set B" }] } })).toEqual({ addTestSetMetrics: { metrics: [{ name: "Set B" }, { name: "Set A" }] } });
    expect(await app.data(ADD, { input: { testSet: set, metrics: [{ name: "Set C" }] } })).toEqual({ addTestSetMetrics: { metrics: [{ name: "Set B" }, { name: "Set A" }, { name: "Set C" }] } });
    expect(await app.data(REMOVE, { input: { testSet: set, metrics: [{ id: a }, { name: "Set C" }] } })).toEqual({ removeTestSetMetrics: { metrics: [{ name: "Set B" }] } });
  });

  it("change all or not at all", async () => {
    const a = await givenMetric("All A");
    await givenMetric("All B");
    const testSetId = await givenTestSet("All or nothing");
    const testSet = { id: testSetId };
    await app.data(ADD, { input: { testSet, metrics: [{ id: a }] } });
    expect(await app.error(ADD, { input: { testSet, metrics: [{ name: "All B" }, { name: "All Z" }, { id: "x" }] } })).toMatchObject({ code: "NOT_FOUND", message: expect.stringMatching(/All Z.*x/) });
    expect(await app.error(ADD, { input: { testSet, metrics: [{ name: "All B" }, { id: a }] } })).toMatchObject({ code: "CONFLICT", reason: "METRIC_ALREADY_ASSIGNED" });
    expect(await app.error(REMOVE, { input: { testSet, metrics: [{ id: a }, { name: "All B" }] } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "METRIC_NOT_ASSIGNED" });
    expect(await app.error(ADD, { input: { testSet: { name: "no such set" }, metrics: [{ id: a }] } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await metricsOf(testSetId)).toEqual(["All A"]);
  });

  it(`are at most ${MAX_METRICS}`, async () => {
    const testSetId = await givenTestSet("Full");
    const refs = [];
    for (let number = 0; number <= MAX_METRICS; number += 1) refs.push({ id: await givenMetric(`Full ${number}`) });
    await app.data(ADD, { input: { testSet: { id: testSetId }, metrics: refs.slice(1) } });
    expect(await app.error(ADD, { input: { testSet: { id: testSetId }, metrics: refs.slice(0, 1) } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.metrics" }] });
    expect(await metricsOf(testSetId)).toHaveLength(MAX_METRICS);
  });

  it("lose a deleted metric, which cannot be assigned any more", async () => {
    const a = await givenMetric("Deleted A");
    const testSetId = await givenTestSet("Loses");
    await app.data(ADD, { input: { testSet: { id: testSetId }, metrics: [{ id: a }] } });
    await app.data("mutation ($id: ID!) { deleteMetric(ref: { id: $id }) }", { id: a });
    expect(await metricsOf(testSetId)).toEqual([]);
    expect(await app.error(ADD, { input: { testSet: { id: testSetId }, metrics: [{ id: a }] } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
  });

  it("are set with the set and replaced by its update, all or nothing", async () => {
    await givenMetric("With A");
    await givenMetric("With B");
    const { createTestSet } = await app.data('mutation { createTestSet(input: { name: "With", metrics: [{ name: "With A" }] }) { id metrics { name } } }');
    expect(createTestSet.metrics).toEqual([{ name: "With A" }]);
    expect(await app.data('mutation { updateTestSet(input: { testSet: { name: "With" }, metrics: [{ name: "With B" }] }) { metrics { name } } }')).toEqual({ updateTestSet: { metrics: [{ name: "With B" }] } });
    expect(await app.error('mutation { createTestSet(input: { name: "Without", metrics: [{ name: "nobody" }] }) { id } }')).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.data('{ testSet(ref: { name: "Without" }) { id } }')).toEqual({ testSet: null });
  });

  it("cost the same number of statements for 2 and for 20 sets", async () => {
    const metric = { id: await givenMetric("Statements") };
    for (let number = 0; number < 20; number += 1) await app.data(ADD, { input: { testSet: { id: await givenTestSet(`Statements ${number}`) }, metrics: [metric] } });
    const query = 'query ($first: Int) { testSets(first: $first, filter: { name: { startsWith: "statements" } }) { nodes { metrics { name version } } } }';
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });

  it("are the organization's own", async () => {
    const a = await givenMetric("Own");
    const other = await app.otherOrganization("Assigning strangers");
    await app.data('mutation { createTestSet(input: { name: "Theirs" }) { id } }', {}, other);
    expect(await app.error(ADD, { input: { testSet: { name: "Theirs" }, metrics: [{ id: a }] } }, other)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(ADD, { input: { testSet: { name: "Theirs" }, metrics: [{ id: a }] } })).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("the metric for tests with assertions of their own", () => {
  const assign = (testSetId: string) => app.database.db.transaction().execute((trx) => app.services.metricAssignments.assignAssertions(trx, app.admin, testSetId, "testSet"));

  it("is made once an organization, also by imports at the same time, and assigned once a set", async () => {
    await app.data('mutation { createMetric(input: { name: "Assertions", kind: BUILT_IN, builtIn: "equals" }) { id } }');
    const sets = [await givenTestSet("Assertions 1"), await givenTestSet("Assertions 2"), await givenTestSet("Assertions 3")];
    await Promise.all(sets.map(assign));
    await Promise.all(sets.map(assign));
    const { testSets } = await app.data('{ testSets(filter: { name: { startsWith: "assertions " } }) { nodes { metrics { id name builtIn threshold } } } }');
    const metrics = testSets.nodes.flatMap((set: { metrics: { id: string }[] }) => set.metrics);
    expect(metrics).toHaveLength(3);
    expect(new Set(metrics.map((metric: { id: string }) => metric.id)).size).toBe(1);
    expect(metrics[0]).toMatchObject({ name: expect.stringMatching(/^assertions \(/), builtIn: "assertions", threshold: 1 });
  });

  it("is the one that the set or the organization has", async () => {
    const { createMetric } = await app.data('mutation { createMetric(input: { name: "Half", kind: BUILT_IN, builtIn: "assertions", threshold: 0.5 }) { id } }');
    const testSetId = await givenTestSet("Half asserted");
    await app.data(ADD, { input: { testSet: { id: testSetId }, metrics: [{ id: createMetric.id }] } });
    await assign(testSetId);
    expect(await metricsOf(testSetId)).toEqual(["Half"]);
  });
});

describe("the metrics of a behavior", () => {
  it("are replaced in order", async () => {
    await givenMetric("Behavior A");
    await givenMetric("Behavior B");
    await givenTestSet("Behaving", ["Refuses"]);
    const behavior = { name: "refuses" };
    expect((await app.data(SET_BEHAVIOR, { input: { behavior, metrics: [{ name: "Behavior B" }, { name: "Behavior A" }] } }))["setBehaviorMetrics"].metrics).toEqual([{ name: "Behavior B" }, { name: "Behavior A" }]);
    expect((await app.data(SET_BEHAVIOR, { input: { behavior, metrics: [{ name: "Behavior A" }] } }))["setBehaviorMetrics"].metrics).toEqual([{ name: "Behavior A" }]);
    expect(await app.error(SET_BEHAVIOR, { input: { behavior, metrics: [{ name: "Behavior B" }, { name: "none" }] } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(SET_BEHAVIOR, { input: { behavior: { name: "none" }, metrics: [] } })).toMatchObject({ code: "NOT_FOUND" });
    expect((await app.data(SET_BEHAVIOR, { input: { behavior, metrics: [] } }))["setBehaviorMetrics"].metrics).toEqual([]);
  });

  it("cost the same number of statements for 2 and for 20 behaviors", async () => {
    const metric = { id: await givenMetric("Counted behavior") };
    const names = Array.from({ length: 20 }, (_, index) => `Counted ${index}`);
    await givenTestSet("Counting", names);
    for (const name of names) await app.data(SET_BEHAVIOR, { input: { behavior: { name }, metrics: [metric] } });
    const query = 'query ($first: Int) { behaviors(first: $first, name: { startsWith: "counted" }) { nodes { name metrics { name } } } }';
    expect((await app.data(query, { first: 20 }))["behaviors"].nodes.every((node: { metrics: unknown[] }) => node.metrics.length === 1)).toBe(true);
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });

  it("survive concurrent replacements as one of them", async () => {
    const names = ["Race A", "Race B", "Race C"];
    for (const name of names) await givenMetric(name);
    await givenTestSet("Racing", ["Races"]);
    await Promise.all(names.map((name) => app.data(SET_BEHAVIOR, { input: { behavior: { name: "Races" }, metrics: [{ name }] } })));
    const { node } = await app.data("query ($id: ID!) { node(id: $id) { ... on Behavior { metrics { name } } } }", { id: await behaviorId("Races") });
    expect(node.metrics).toHaveLength(1);
  });
});

describe("the metrics of a run", () => {
  it("are those of the execution, else the set's, else each behavior's, never merged", async () => {
    const [execution, ofSet, ofOne, ofBoth] = [await givenMetric("Run execution"), await givenMetric("Run set"), await givenMetric("Run one"), await givenMetric("Run both")];
    const testSetId = await givenTestSet("Run", ["First", "Second"]);
    const behaviorIds = [await behaviorId("First"), await behaviorId("Second")];
    const resolve = (refs: { id?: string; name?: string }[] | null) => resolveRunMetrics(app.database.db, app.admin, { refs, testSetId, behaviorIds });
    expect(await resolve(null)).toEqual({ source: "BEHAVIOR", metrics: [] });
    await app.data(SET_BEHAVIOR, { input: { behavior: { name: "First" }, metrics: [{ id: ofBoth }, { id: ofOne }] } });
    await app.data(SET_BEHAVIOR, { input: { behavior: { name: "Second" }, metrics: [{ id: ofBoth }] } });
    const byBehavior = await resolve([]);
    expect(byBehavior.source).toBe("BEHAVIOR");
    expect(Object.fromEntries(byBehavior.metrics.map((metric) => [metric.metricId, [...(metric.behaviorIds ?? [])].sort()]))).toEqual({ [ofBoth]: [...behaviorIds].sort(), [ofOne]: [behaviorIds[0]] });
    await app.data(ADD, { input: { testSet: { id: testSetId }, metrics: [{ id: ofSet }] } });
    expect(await resolve([])).toEqual({ source: "TEST_SET", metrics: [{ metricId: ofSet, metricVersionId: expect.any(String), behaviorIds: null }] });
    const given = await resolve([{ id: execution }, { name: "run EXECUTION" }]);
    expect(given).toEqual({ source: "EXECUTION", metrics: [{ metricId: execution, metricVersionId: expect.any(String), behaviorIds: null }] });
    await app.data('mutation ($id: ID!) { updateMetric(input: { metric: { id: $id }, description: "newer" }) { version } }', { id: execution });
    expect((await resolve([{ id: execution }])).metrics[0]?.metricVersionId).not.toBe(given.metrics[0]?.metricVersionId);
    await expect(resolve([{ id: execution }, { name: "lost" }, { id: "bad" }])).rejects.toThrow(/lost.*bad/);
  });
});
