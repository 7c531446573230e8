import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  worker = await startTestWorker(app);
  await app.data(`mutation { createMetric(input: { name: "has word", kind: BUILT_IN, builtIn: "contains", parameters: { value: "echo" } }) { id }
    publishExperiment(input: { name: "tone", values: { style: "plain" } }) { id } }`);
});
beforeEach(() => bot.clear());
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const RERUN = `mutation ($input: RerunTestRunInput!) { rerunTestRun(input: $input) {
  id name kind mode trials tags attributes selection parameters testSetVersion endpointVersionHash metricsSource testCount configuration { id } experiment { name } experimentVersion { number } sourceRun { id } } }`;
const rerun = async (input: Record<string, unknown>): Promise<any> => (await app.data(RERUN, { input }))["rerunTestRun"];
const sent = (): string[] => bot.requests.map((request) => request.body).sort();

/** A set, an endpoint with parameters, and a finished run of them; then everything is edited. */
async function givenEditedRun(): Promise<{ id: string; set: { id: string; name: string }; endpoint: { id: string } }> {
  const set = await givenTests(app, { tests: 3, metrics: ["echoes"] });
  const { createEndpoint: endpoint } = await app.data(`mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id } }`, {
    input: { name: `of ${set.name}`, url: bot.url, requestMapping: { input: "{{ input }}", style: "{{ params.style }}" } },
  });
  const more = { metrics: [{ name: "has word" }], experiment: { name: "tone" }, mode: "SEQUENTIAL", trials: 2, tags: ["nightly"], attributes: { timeout: 5, note: "kept" }, name: "first" };
  const id = await execute(app, set, endpoint as { id: string }, more);
  await untilFinished(app, id);
  const { testSet } = await app.data(`query ($id: ID!) { testSet(ref: { id: $id }) { tests { nodes { id } } } }`, { id: set.id });
  const [first] = testSet.tests.nodes as { id: string }[];
  await app.data(
    `mutation ($set: EntityRef!, $test: ID!, $endpoint: EntityRef!) {
      updateTest(input: { id: $test, test: { prompt: { content: "edited" } } }) { id }
      createTest(testSet: $set, test: { prompt: { content: "q4" } }) { id }
      updateEndpoint(input: { endpoint: $endpoint, requestMapping: { input: "{{ input }}", manner: "{{ params.style }}" } }) { id }
      updateMetric(input: { metric: { name: "has word" }, parameters: { value: "nowhere" } }) { id }
      commitExperiment(input: { experiment: { name: "tone" }, values: { style: "rude" } }) { id } }`,
    { set: { id: set.id }, test: first?.id, endpoint: { id: endpoint.id } },
  );
  bot.clear();
  return { id, set, endpoint: endpoint as { id: string } };
}

async function resetShared(): Promise<void> {
  await app.data(`mutation { updateMetric(input: { metric: { name: "has word" }, parameters: { value: "echo" } }) { id } commitExperiment(input: { experiment: { name: "tone" }, values: { style: "plain" } }) { id } }`);
}

describe("rerunTestRun", () => {
  beforeEach(resetShared);

  it("with LATEST asks for the same by the same references, over what they name now", async () => {
    const { id } = await givenEditedRun();
    const before = (await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { configuration { id } } }`, { id }))["testRun"];
    const again = await rerun({ runId: id });
    expect(again).toMatchObject({
      kind: "EXECUTION", mode: "SEQUENTIAL", trials: 2, tags: ["nightly"], attributes: { timeout: 5, note: "kept" }, selection: null, parameters: { style: "rude" },
      testSetVersion: 3, testCount: 4, metricsSource: "EXECUTION", experiment: { name: "tone" }, configuration: before.configuration, sourceRun: null,
    }); // prettier-ignore
    expect(await untilFinished(app, again.id as string)).toMatchObject({ status: "COMPLETED", progress: { total: 8, failed: 8 } });
    expect(sent()).toEqual(["edited", "q2", "q3", "q4"].flatMap((input) => Array(2).fill(JSON.stringify({ input, manner: "rude" })) as string[]));
  });

  it("with EXACT sends the same prompts with the same parameters to the same endpoint version, and scores by the same metric versions", async () => {
    const { id, set } = await givenEditedRun();
    const again = await rerun({ runId: id, pin: "EXACT" });
    const before = (await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { endpointVersionHash configuration { id } } }`, { id }))["testRun"];
    expect(again).toMatchObject({ name: `${set.name} - Run 2`, mode: "SEQUENTIAL", trials: 2, tags: ["nightly"], parameters: { style: "plain" }, testSetVersion: 1, testCount: 3, ...before });
    expect(await untilFinished(app, again.id as string)).toMatchObject({ status: "COMPLETED", progress: { total: 6, passed: 6 } });
    expect(sent()).toEqual(["q1", "q2", "q3"].flatMap((input) => Array(2).fill(JSON.stringify({ input, style: "plain" })) as string[]));
  });

  it("repeats a selection of tests, and the version of an experiment that was asked for", async () => {
    const set = await givenTests(app, { tests: 4 });
    const id = await execute(app, set, await givenEndpointAt(app, bot.url), { tests: { search: "q2" }, experiment: { name: "tone" }, experimentVersion: 1 });
    await untilFinished(app, id);
    for (const pin of ["LATEST", "EXACT"]) {
      const again = await rerun({ runId: id, pin, name: pin });
      expect(again).toMatchObject({ name: pin, selection: { search: "q2" }, testCount: 1, experimentVersion: { number: 1 }, parameters: { style: "plain" } });
      expect((await untilFinished(app, again.id as string)).progress).toMatchObject({ total: 1, passed: 1 });
    }
  });

  it("scores a re-score again, and calls nobody", async () => {
    const { id } = await givenEditedRun();
    const { rescore } = await app.data(`mutation ($id: ID!) { rescore(input: { run: { id: $id }, metrics: [{ name: "has word" }] }) { id } }`, { id });
    expect((await untilFinished(app, rescore.id as string)).progress).toMatchObject({ failed: 6 });
    await resetShared();
    const exact = await rerun({ runId: rescore.id, pin: "EXACT" });
    const latest = await rerun({ runId: rescore.id });
    expect([exact, latest]).toMatchObject([{ kind: "RESCORE", sourceRun: { id } }, { kind: "RESCORE", sourceRun: { id } }]);
    expect((await untilFinished(app, exact.id as string)).progress).toMatchObject({ executed: 6, failed: 6 });
    expect((await untilFinished(app, latest.id as string)).progress).toMatchObject({ executed: 6, passed: 6 });
    expect(bot.requests).toHaveLength(0);
  });

  it("gives the same run for the same idempotency key, at the same moment too", async () => {
    const id = await execute(app, await givenTests(app, { tests: 1 }), await givenEndpointAt(app, bot.url));
    const runs = await Promise.all([1, 2, 3, 4].map(() => rerun({ runId: id, idempotencyKey: "again" })));
    expect(new Set(runs.map((run) => run.id as string)).size).toBe(1);
    expect(await app.error(RERUN, { input: { runId: id, pin: "EXACT", idempotencyKey: "again" } })).toMatchObject({ code: "CONFLICT", reason: "IDEMPOTENCY_MISMATCH" });
    await untilFinished(app, runs[0].id as string);
  });

  it("refuses what is not there or was deleted", async () => {
    const set = await givenTests(app, { tests: 1 });
    const endpoint = await givenEndpointAt(app, bot.url);
    const id = await execute(app, set, endpoint);
    await untilFinished(app, id);
    expect(await app.error(RERUN, { input: { runId: "none" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(RERUN, { input: { runId: id } }, await app.otherOrganization())).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(RERUN, { input: { runId: id } }, app.viewerWith("REVIEWER"))).toMatchObject({ code: "FORBIDDEN" });
    await app.data(`mutation ($id: ID!) { deleteEndpoint(ref: { id: $id }) }`, { id: endpoint.id });
    for (const pin of ["LATEST", "EXACT"]) expect(await app.error(RERUN, { input: { runId: id, pin } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    // A re-score calls no endpoint: the outputs of one that was deleted are as good as any.
    const { rescore } = await app.data(`mutation ($id: ID!) { rescore(input: { run: { id: $id } }) { id } }`, { id });
    expect((await untilFinished(app, rescore.id as string)).status).toBe("COMPLETED");
    expect((await readRun(app, id)).status).toBe("COMPLETED");
  });
});
