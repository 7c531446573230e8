import { readFileSync } from "node:fs";
import { parse, print } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenEndpointAt, givenTests } from "../support/execution.js";

// No worker: what the mutations alone do.
let app: TestApp;
let endpoint: { id: string; name: string };
beforeAll(async () => {
  app = await createTestApp();
  endpoint = await givenEndpointAt(app, "http://127.0.0.1:9/");
});
afterAll(() => app.close());

const FIELDS = "id endpoint { id } testSet { id } behavior { name } category { name } topic { name } useCase { name } prompt { content } mode trials attributes";
const CREATE = `mutation ($input: CreateTestConfigurationInput!) { createTestConfiguration(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateTestConfigurationInput!) { updateTestConfiguration(input: $input) { ${FIELDS} } }`;
const DELETE = "mutation ($id: ID!) { deleteTestConfiguration(id: $id) }";
const RUN = "id name status mode trials attributes testSet { id } testSetVersion testCount selection parameters metricsSource configuration { id } experiment { name } experimentVersion { number } results { nodes { prompt { content } } }";
const EXECUTE = `mutation ($input: ExecuteTestConfigurationInput!) { executeTestConfiguration(input: $input) { ${RUN} } }`;
const EXECUTE_SET = `mutation ($input: ExecuteTestSetInput!) { executeTestSet(input: $input) { ${RUN} } }`;

async function create(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(CREATE, { input: { endpoint: { id: endpoint.id }, ...input } }))["createTestConfiguration"];
}

async function execute(configurationId: string, more: Record<string, unknown> = {}): Promise<Record<string, any>> {
  return (await app.data(EXECUTE, { input: { configurationId, ...more } }))["executeTestConfiguration"];
}

const promptsOf = (run: Record<string, any>): string[] => run["results"].nodes.map((node: any) => node.prompt?.content);

/** A set with the tests, and the ids of their labels by name. */
async function givenLabelled(name: string, tests: readonly Record<string, unknown>[], more: Record<string, unknown> = {}): Promise<{ id: string; ids: Record<string, string> }> {
  const { createTestSet } = await app.data(`mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id tests { nodes { prompt { id content } behavior { id name } category { id name } topic { id name } useCase { id name } } } } }`, { input: { name, tests, ...more } });
  const labels = createTestSet.tests.nodes.flatMap((test: any) => [test.behavior, test.category, test.topic, test.useCase, test.prompt === null ? null : { id: test.prompt.id, name: test.prompt.content }]).filter((label: unknown) => label !== null);
  return { id: createTestSet.id, ids: Object.fromEntries(labels.map((label: any) => [label.name, label.id])) };
}

describe("createTestConfiguration", () => {
  it("makes a configuration of a set with its filters, mode, trials and attributes", async () => {
    const { id, ids } = await givenLabelled("created", [{ prompt: { content: "p" }, behavior: "b", category: "c", topic: "t", useCase: "u" }]);
    const filters = { behaviorId: ids["b"], categoryId: ids["c"], topicId: ids["t"], useCaseId: ids["u"], promptId: ids["p"] };
    expect(await create({ testSet: { id }, ...filters, mode: "SEQUENTIAL", trials: 3, attributes: { timeout: 5, note: "kept" } })).toEqual({
      id: expect.any(String), endpoint: { id: endpoint.id }, testSet: { id }, behavior: { name: "b" }, category: { name: "c" }, topic: { name: "t" }, useCase: { name: "u" }, prompt: { content: "p" }, mode: "SEQUENTIAL", trials: 3, attributes: { timeout: 5, note: "kept" },
    });
    expect(await create({ testSet: { name: "created" } })).toMatchObject({ behavior: null, prompt: null, mode: "PARALLEL", trials: 1, attributes: {} });
  });

  it("lists every problem at once: without a set it needs a filter", async () => {
    const error = await app.error(CREATE, { input: { endpoint: { id: endpoint.id }, trials: 0, attributes: { timeout: "5", retry_count: 20 } } });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
    expect(error["problems"].map((problem: any) => problem.field)).toEqual(["input.trials", "input.attributes.timeout", "input.attributes.retry_count", "input"]);
  });

  it("answers NOT_FOUND for whatever it names that is not there, another organization's things included", async () => {
    const { id, ids } = await givenLabelled("named", [{ prompt: { content: "named p" }, behavior: "named b" }]);
    for (const input of [{ behaviorId: "nonsense" }, { behaviorId: ids["named p"] }, { promptId: ids["named b"] }, { topicId: "019a0000-0000-7000-8000-000000000000" }, { testSet: { name: "no such" } }, { endpoint: { id: id } }]) {
      expect(await app.error(CREATE, { input: { endpoint: { id: endpoint.id }, testSet: { id }, ...input } })).toMatchObject({ code: "NOT_FOUND" });
    }
    const other = await app.otherOrganization();
    expect(await app.error(CREATE, { input: { endpoint: { id: endpoint.id }, testSet: { id } } }, other)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(CREATE, { input: { endpoint: { id: endpoint.id }, testSet: { id } } }, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("updateTestConfiguration", () => {
  it("keeps what is absent, clears what is null and gives the default where there must be something", async () => {
    const { id: testSetId, ids } = await givenLabelled("updated", [{ prompt: { content: "up" }, behavior: "ub", topic: "ut" }]);
    const made = await create({ testSet: { id: testSetId }, behaviorId: ids["ub"], topicId: ids["ut"], mode: "SEQUENTIAL", trials: 4, attributes: { a: 1 } });
    const update = async (changes: Record<string, unknown>) => (await app.data(UPDATE, { input: { id: made["id"], ...changes } }))["updateTestConfiguration"];
    expect(await update({})).toEqual(made);
    expect(await update({ behaviorId: null, promptId: ids["up"], trials: 2 })).toEqual({ ...made, behavior: null, prompt: { content: "up" }, trials: 2 });
    expect(await update({ mode: null, trials: null, attributes: null })).toMatchObject({ topic: { name: "ut" }, mode: "PARALLEL", trials: 1, attributes: {} });
  });

  it("refuses to take the last filter from a configuration without a set, and unknown things", async () => {
    const { ids } = await givenLabelled("last", [{ prompt: { content: "lp" }, behavior: "lb" }]);
    const { id } = await create({ behaviorId: ids["lb"] });
    expect(await app.error(UPDATE, { input: { id, behaviorId: null, trials: 200 } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.trials" }, { field: "input" }] });
    expect(await app.error(UPDATE, { input: { id, topicId: "nonsense" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { id: "nonsense" } })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("changes what executeTestSet takes for an equal configuration", async () => {
    const set = await givenTests(app, { tests: 1 });
    const { id } = await create({ testSet: { id: set.id }, trials: 2 });
    const run = async (trials: number): Promise<string> => (await app.data(EXECUTE_SET, { input: { testSet: { id: set.id }, endpoint: { id: endpoint.id }, trials } }))["executeTestSet"].configuration.id;
    expect(await run(2)).toBe(id);
    await app.data(UPDATE, { input: { id, trials: 3 } });
    expect(await run(3)).toBe(id);
    expect(await run(2)).not.toBe(id);
  });
});

describe("deleteTestConfiguration", () => {
  it("hides the configuration: its runs still show it, and using it is DELETED", async () => {
    const set = await givenTests(app, { tests: 1 });
    const { id } = await create({ testSet: { id: set.id } });
    const run = await execute(id);
    expect(await app.data(DELETE, { id })).toEqual({ deleteTestConfiguration: id });
    expect(await app.data("query ($set: ID, $id: ID!, $run: ID!) { testConfigurations(testSetId: $set) { totalCount } node(id: $id) { id } testRun(ref: { id: $run }) { configuration { id } } }", { set: set.id, id, run: run["id"] })).toEqual({
      testConfigurations: { totalCount: 0 }, node: { id }, testRun: { configuration: { id } },
    });
    for (const [source, variables] of [[DELETE, { id }], [UPDATE, { input: { id, trials: 2 } }], [EXECUTE, { input: { configurationId: id } }]] as const) {
      expect(await app.error(source, variables)).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    }
    expect(await app.error(DELETE, { id: "nonsense" })).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("executeTestConfiguration", () => {
  it("runs the set's tests that match, as they are now, with the configuration's settings", async () => {
    const { id: testSetId, ids } = await givenLabelled("matched", [{ prompt: { content: "m1" }, behavior: "mb" }, { prompt: { content: "m2" } }, { prompt: { content: "m3" }, behavior: "mb" }]);
    const { id } = await create({ testSet: { id: testSetId }, behaviorId: ids["mb"], mode: "SEQUENTIAL", trials: 1, attributes: { timeout: 7, retry_count: 0 } });
    const run = await execute(id);
    expect(run).toMatchObject({ name: "matched - Run 1", status: "QUEUED", mode: "SEQUENTIAL", testSet: { id: testSetId }, testSetVersion: 1, testCount: 2, selection: { behaviorId: ids["mb"] }, configuration: { id }, attributes: { timeout: 7, retry_count: 0 } });
    expect(promptsOf(run)).toEqual(["m1", "m3"]);
    const { rows } = await app.database.pool.query("select overrides from test_runs where id = $1", [run["id"]]);
    expect(rows[0]).toEqual({ overrides: { timeoutMs: 7_000, maxAttempts: 1 } });
    await app.data(`mutation ($id: ID!) { addTests(testSet: { id: $id }, tests: [{ prompt: { content: "m4" }, behavior: "MB" }]) { id } }`, { id: testSetId });
    expect(await execute(id, { name: "later" })).toMatchObject({ name: "later", testSetVersion: 2, testCount: 3 });
  });

  it("without a set runs all tests of the endpoint's project that match, over all sets that are not deleted", async () => {
    const first = await givenLabelled("over 1", [{ prompt: { content: "o1" }, topic: "over" }, { prompt: { content: "o2" } }, { prompt: { content: "o3" }, topic: "over" }]);
    await givenLabelled("over 2", [{ prompt: { content: "o4" }, topic: "over" }]);
    await givenLabelled("over 3", [{ conversation: { scriptedTurns: ["talk"] }, topic: "over" }], { type: "MULTI_TURN" });
    const gone = await givenLabelled("over 4", [{ prompt: { content: "o5" }, topic: "over" }]);
    await app.data(`mutation ($id: ID!) { deleteTestSet(ref: { id: $id }) }`, { id: gone.id });
    const { id } = await create({ topicId: first.ids["over"] });
    const run = await execute(id);
    expect(run).toMatchObject({ name: `${endpoint.name} - Run 1`, testSet: null, testSetVersion: null, testCount: 4, selection: { topicId: first.ids["over"] }, metricsSource: "BEHAVIOR", configuration: { id } });
    expect(promptsOf(run)).toEqual(["o1", "o3", "o4", undefined]);
    expect((await execute(id))["name"]).toBe(`${endpoint.name} - Run 2`);
  });

  it("counts the runs of a configuration without a set one after the other, also at the same moment", async () => {
    const { ids } = await givenLabelled("counted", [{ prompt: { content: "counted p" }, topic: "counted" }]);
    const own = await givenEndpointAt(app, "http://127.0.0.1:9/");
    const { id } = await create({ endpoint: { id: own.id }, topicId: ids["counted"] });
    const names = (await Promise.all([1, 2, 3, 4].map(() => execute(id)))).map((run) => run["name"]).sort();
    expect(names).toEqual([1, 2, 3, 4].map((n) => `${own.name} - Run ${n}`));
  });

  it("selects by category, use case and prompt", async () => {
    const { ids } = await givenLabelled("selected", [{ prompt: { content: "s1" }, category: "sc" }, { prompt: { content: "s2" }, useCase: "su" }, { prompt: { content: "s3" } }]);
    expect(promptsOf(await execute((await create({ categoryId: ids["sc"] }))["id"]))).toEqual(["s1"]);
    expect(promptsOf(await execute((await create({ useCaseId: ids["su"] }))["id"]))).toEqual(["s2"]);
    expect(promptsOf(await execute((await create({ promptId: ids["s3"] }))["id"]))).toEqual(["s3"]);
    expect(await app.error(EXECUTE, { input: { configurationId: (await create({ categoryId: ids["sc"], useCaseId: ids["su"] }))["id"] } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "TEST_SET_EMPTY" });
  });

  it("takes execution-time metrics, and the behaviors' where none are given", async () => {
    await givenTests(app, { tests: 1 }); // makes the metric "echoes"
    const { ids } = await givenLabelled("judged", [{ prompt: { content: "j1" }, behavior: "judged" }]);
    await app.data(`mutation { setBehaviorMetrics(input: { behavior: { name: "judged" }, metrics: [{ name: "echoes" }] }) { id } }`);
    const { id } = await create({ behaviorId: ids["judged"] });
    expect(await execute(id)).toMatchObject({ metricsSource: "BEHAVIOR" });
    expect(await execute(id, { metrics: [{ name: "echoes" }] })).toMatchObject({ metricsSource: "EXECUTION" });
  });

  it("refuses goals that nobody plays the user for, deleted sets and endpoints, and unknown ids", async () => {
    const talks = await givenLabelled("talks", [{ conversation: { goal: "talk" } }], { type: "MULTI_TURN" });
    expect(await app.error(EXECUTE, { input: { configurationId: (await create({ testSet: { id: talks.id } }))["id"] } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.attributes.user_model" }] });
    const set = await givenTests(app, { tests: 1 });
    const ofSet = await create({ testSet: { id: set.id } });
    await app.data(`mutation ($id: ID!) { deleteTestSet(ref: { id: $id }) }`, { id: set.id });
    expect(await app.error(EXECUTE, { input: { configurationId: ofSet["id"] } })).toMatchObject({ reason: "DELETED" });
    expect(await app.error(EXECUTE, { input: { configurationId: "nonsense" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(EXECUTE, { input: { configurationId: ofSet["id"], name: " " } })).toMatchObject({ problems: [{ field: "input.name" }] });
  });

  it("gives the same run for the same idempotency key and input, and takes a null parameter for another input than none", async () => {
    await app.data(`mutation { publishExperiment(input: { name: "keyed", values: {} }) { id } }`);
    const { id } = await create({ testSet: { id: (await givenTests(app, { tests: 1 })).id } });
    const more = { idempotencyKey: "k", experiment: { name: "keyed" }, parameters: {} };
    expect((await execute(id, more))["id"]).toBe((await execute(id, more))["id"]);
    expect(await app.error(EXECUTE, { input: { configurationId: id, ...more, parameters: { a: null } } })).toMatchObject({ code: "CONFLICT", reason: "IDEMPOTENCY_MISMATCH" });
  });
});

describe("an execution with an experiment", () => {
  it("runs with the latest version, or with the one that is named, and shows which", async () => {
    const { publishExperiment: experiment } = await app.data(`mutation { publishExperiment(input: { name: "tuned", values: { t: 1, kept: true } }) { id } }`);
    await app.data(`mutation { commitExperiment(input: { experiment: { name: "tuned" }, values: { t: 2 } }) { id } }`);
    const set = await givenTests(app, { tests: 1 });
    const run = async (more: Record<string, unknown>) => (await app.data(EXECUTE_SET, { input: { testSet: { id: set.id }, endpoint: { id: endpoint.id }, ...more } }))["executeTestSet"];
    expect(await run({})).toMatchObject({ experiment: null, experimentVersion: null, parameters: {} });
    expect(await run({ experiment: { name: "TUNED" } })).toMatchObject({ experiment: { name: "tuned" }, experimentVersion: { number: 2 }, parameters: { t: 2, kept: true } });
    expect(await run({ experiment: { id: experiment.id }, experimentVersion: 1 })).toMatchObject({ experimentVersion: { number: 1 }, parameters: { t: 1, kept: true } });
    const { experiment: shown } = await app.data("query ($id: ID!) { experiment(ref: { id: $id }) { runs { totalCount nodes { parameters } } } testRuns(filter: { experimentId: $id }) { totalCount } }", { id: experiment.id });
    expect(shown).toEqual({ runs: { totalCount: 2, nodes: [{ parameters: { t: 1, kept: true } }, { parameters: { t: 2, kept: true } }] } });
  });

  it("commits inline parameters over the version as a new one, together with the run", async () => {
    await app.data(`mutation { publishExperiment(input: { name: "inline", values: { t: 1, kept: true } }) { id } }`);
    const set = await givenTests(app, { tests: 1 });
    const { id } = await create({ testSet: { id: set.id } });
    const inline = { experiment: { name: "inline" }, parameters: { t: null, more: [1] } };
    expect(await execute(id, inline)).toMatchObject({ experimentVersion: { number: 2 }, parameters: { t: null, kept: true, more: [1] } });
    expect(await execute(id, inline)).toMatchObject({ experimentVersion: { number: 2 } });
    expect(await execute(id, { ...inline, experimentVersion: 1, parameters: { t: 5 } })).toMatchObject({ experimentVersion: { number: 3 }, parameters: { t: 5, kept: true } });
    const empty = await givenTests(app, { tests: 0 });
    expect(await app.error(EXECUTE_SET, { input: { testSet: { id: empty.id }, endpoint: { id: endpoint.id }, experiment: { name: "inline" }, parameters: { lost: 1 } } })).toMatchObject({ reason: "TEST_SET_EMPTY" });
    const { experiment } = await app.data(`{ experiment(ref: { name: "inline" }) { latestVersion { number values } } }`);
    expect(experiment.latestVersion).toEqual({ number: 3, values: { t: 5, kept: true } });
    const { rows } = await app.database.pool.query("select request from test_runs where experiment_version_id is not null order by id desc limit 1");
    expect(rows[0]).toMatchObject({ request: { experimentVersion: 1 } });
  });

  it("refuses parameters without an experiment, and unknown experiments and versions", async () => {
    await app.data(`mutation { publishExperiment(input: { name: "short", values: {} }) { id } }`);
    const { id } = await create({ testSet: { id: (await givenTests(app, { tests: 1 })).id } });
    const refuse = (more: Record<string, unknown>) => app.error(EXECUTE, { input: { configurationId: id, ...more } });
    expect(await refuse({ parameters: { a: 1 } })).toMatchObject({ code: "BAD_USER_INPUT", reason: "PARAMETERS_NEED_EXPERIMENT", problems: [{ field: "input.parameters" }] });
    expect(await refuse({ parameters: {} })).toMatchObject({ reason: "PARAMETERS_NEED_EXPERIMENT" });
    expect(await refuse({ experimentVersion: 1 })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.experimentVersion" }] });
    expect(await refuse({ experiment: { name: "no such" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refuse({ experiment: { name: "short" }, experimentVersion: 9 })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refuse({ experiment: { name: "short" }, experimentVersion: 9, parameters: { a: 1 } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refuse({ experiment: { name: "short" }, parameters: { a: "x".repeat(70_000) } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.parameters.a" }] });
    const { experiment } = await app.data(`{ experiment(ref: { name: "short" }) { latestVersion { number } runs { totalCount } } }`);
    expect(experiment).toEqual({ latestVersion: { number: 1 }, runs: { totalCount: 0 } });
  });

  it("costs the same number of statements for 2 and for 20 runs", async () => {
    await app.data(`mutation { publishExperiment(input: { name: "many", values: {} }) { id } }`);
    const { id } = await create({ testSet: { id: (await givenTests(app, { tests: 1 })).id } });
    for (let n = 1; n <= 20; n += 1) await execute(id, { name: `many ${n}`, experiment: { name: "many" }, parameters: { n } });
    const query = `query ($first: Int) { testRuns(first: $first, filter: { name: { startsWith: "many" } }) { nodes { experiment { name } experimentVersion { number values experiment { name } createdBy { name } } configuration { id } } } }`;
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });
});

describe("the README's example", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  /** The operations of the first GraphQL block below the heading, by name. */
  const operationsBelow = (heading: string): Record<string, string> => {
    const [, block = ""] = /```graphql\n(.*?)```/s.exec(readme.slice(readme.indexOf(`## ${heading}\n`))) ?? [];
    return Object.fromEntries(parse(block).definitions.flatMap((definition) => ("name" in definition && definition.name !== undefined ? [[definition.name.value, print(definition)]] : [])));
  };

  it("works as it is written", async () => {
    const { Design = "" } = operationsBelow("First steps in the playground");
    const { Publish = "", Try = "", Configure = "", Repeat = "", Compare = "" } = operationsBelow("Experiments and configurations");
    await app.data(Design);
    expect(await app.data(Publish)).toMatchObject({ publishExperiment: { latestVersion: { number: 1 } } });
    expect(await app.data(Try)).toMatchObject({ executeTestSet: { parameters: { style: "formal", temperature: 0.2 }, experimentVersion: { number: 2 } } });
    const { createTestConfiguration: configuration } = await app.data(Configure);
    expect(await app.data(Repeat, { id: configuration.id })).toMatchObject({ executeTestConfiguration: { name: "Smoke - Run 2", parameters: { style: "friendly", temperature: 0.2 } } });
    const { experiment } = await app.data(Compare);
    expect(experiment.runs.nodes.map((run: any) => run.experimentVersion.number)).toEqual([1, 2]);
  });
});
