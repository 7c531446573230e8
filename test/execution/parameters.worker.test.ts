import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  worker = await startTestWorker(app);
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const MAPPING = { question: "{{ input }}", temperature: "{{ params.temperature }}", style: "in a {{ params.style }} tone" };

async function givenMappedEndpoint(name: string, requestMapping: Record<string, string>): Promise<{ id: string }> {
  const { createEndpoint } = await app.data(`mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id } }`, { input: { name, url: bot.url, requestMapping, responseMapping: { output: "$.output" } } });
  return createEndpoint as { id: string };
}

describe("the parameters of a run", () => {
  it("reach the endpoint through its mapping with their types, and the templates of metrics", async () => {
    bot.answer((request) => ({ json: { output: `${request.json.style as string}` } }));
    await app.data(`mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }`, { input: { name: "in style", kind: "BUILT_IN", builtIn: "contains", parameters: { value: "{{ params.style }}" } } });
    await app.data(`mutation ($values: JSONObject!) { publishExperiment(input: { name: "styles", values: $values }) { id } }`, { values: { temperature: 0.2, style: "friendly" } });
    const set = await givenTests(app, { tests: 2, metrics: ["in style"] });
    const endpoint = await givenMappedEndpoint("mapped", MAPPING);
    const { executeTestSet: run } = await app.data(`mutation ($input: ExecuteTestSetInput!) { executeTestSet(input: $input) { id } }`, {
      input: { testSet: { id: set.id }, endpoint: { id: endpoint.id }, experiment: { name: "styles" }, parameters: { style: "formal" } },
    });
    expect(await untilFinished(app, run.id)).toMatchObject({ status: "COMPLETED", progress: { total: 2, passed: 2 } });
    expect(bot.requests.map((request) => request.json).sort((a: any, b: any) => (a.question < b.question ? -1 : 1))).toEqual([
      { question: "q1", temperature: 0.2, style: "in a formal tone" },
      { question: "q2", temperature: 0.2, style: "in a formal tone" },
    ]);
  });
});

describe("a configuration without a set", () => {
  it("is executed over the tests of several sets, with its own retries and the metrics of their behaviors", async () => {
    await app.data(`mutation { createMetric(input: { name: "polite", kind: BUILT_IN, builtIn: "contains", parameters: { value: "please" } }) { id } }`);
    for (const n of [1, 2]) {
      await app.data(`mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }`, { input: { name: `manners ${n}`, tests: [{ prompt: { content: `ask ${n}` }, behavior: "manners" }, { prompt: { content: `other ${n}` } }] } });
    }
    await app.data(`mutation { setBehaviorMetrics(input: { behavior: { name: "manners" }, metrics: [{ name: "polite" }] }) { id } }`);
    const { behaviors } = await app.data(`{ behaviors(name: { eq: "manners" }) { nodes { id } } }`);
    bot.clear();
    bot.answer((request) => (request.json.question === "ask 1" ? { json: { output: "please" } } : { status: 503 }));
    const endpoint = await givenMappedEndpoint("of several sets", { question: "{{ input }}" });
    const { createTestConfiguration: configuration } = await app.data(`mutation ($input: CreateTestConfigurationInput!) { createTestConfiguration(input: $input) { id } }`, {
      input: { endpoint: { id: endpoint.id }, behaviorId: behaviors.nodes[0].id, attributes: { retry_count: 0 } },
    });
    const { executeTestConfiguration: run } = await app.data(`mutation ($id: ID!) { executeTestConfiguration(input: { configurationId: $id }) { id } }`, { id: configuration.id });
    expect(await untilFinished(app, run.id)).toMatchObject({ status: "PARTIAL", progress: { total: 2, passed: 1, errored: 1 } });
    expect(bot.requests.map((request) => request.json.question).sort()).toEqual(["ask 1", "ask 2"]);
    const { testRun } = await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { results { nodes { position status attempts { httpStatus } test { testSet { name } } } } } }`, { id: run.id });
    expect(testRun.results.nodes).toEqual([
      { position: 1, status: "PASSED", attempts: [{ httpStatus: 200 }], test: { testSet: { name: "manners 1" } } },
      { position: 2, status: "ERROR", attempts: [{ httpStatus: 503 }], test: { testSet: { name: "manners 2" } } },
    ]);
  });
});
