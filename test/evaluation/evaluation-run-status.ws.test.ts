import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenEndpointAt, givenTests } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { socketClient, startTestServer } from "../support/server.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let server: GatewayServer;
let worker: Worker;
let bot: FakeEndpoint;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  worker = await startTestWorker(app);
  bot = await startFakeEndpoint();
});
afterAll(async () => {
  await server.close(1_000);
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const WATCH = "subscription ($id: ID!) { evaluationRunStatus(id: $id) { id status passStatus passReason testRun { progress { finished total } } runLevelMetricResults { numberValue scored } } }";

async function watch(id: string, saw: () => void = () => undefined): Promise<{ events: Record<string, any>[]; errors: unknown }> {
  const client = socketClient(server);
  const events: Record<string, any>[] = [];
  try {
    for await (const result of client.iterate<{ evaluationRunStatus: Record<string, any> }>({ query: WATCH, variables: { id } })) {
      if (result.errors !== undefined) return { events, errors: result.errors };
      if (result.data == null) continue;
      events.push(result.data.evaluationRunStatus);
      saw();
    }
    return { events, errors: null };
  } catch (errors) {
    return { events, errors };
  } finally {
    await client.dispose();
  }
}

describe("evaluationRunStatus", () => {
  it("shows the present state, then every change, and completes with the terminal one, which has the verdict", async () => {
    let seen = 0;
    // A third is answered before anything was seen, another one before the second event: the run goes on while it is watched.
    bot.answer(async (_request, index) => {
      await waitFor(() => seen >= Math.floor(index / 10));
      return { json: { output: "echo" } };
    });
    const testSet = await givenTests(app, { tests: 30 });
    const agent = await givenEndpointAt(app, bot.url, { maxConcurrency: 3 });
    const input = { name: "Watched", testSet: { id: testSet.id }, metrics: [{ name: "echoes" }], starMetric: { metric: { name: "echoes" }, successThresholdPct: 100 } };
    await app.data("mutation ($input: CreateEvaluationTestCaseInput!) { createEvaluationTestCase(input: $input) { id } }", { input });
    const { runEvaluationTestCase } = await app.data("mutation ($id: ID!) { runEvaluationTestCase(input: { testCase: { name: \"Watched\" }, endpoints: [{ id: $id }] }) { id } }", { id: agent.id });
    const { id } = runEvaluationTestCase[0];
    const { events, errors } = await watch(id, () => (seen += 1));
    expect(errors).toBeNull();
    expect(events.length).toBeGreaterThan(2);
    const finished = events.map((event) => event["testRun"].progress.finished as number);
    expect(finished).toEqual([...finished].sort((a, b) => a - b));
    for (const event of events.slice(0, -1)) expect(event).toMatchObject({ id, passStatus: null, passReason: "The run has not finished." });
    expect(events.at(-1)).toMatchObject({ id, status: "SUCCESSFUL", passStatus: true, testRun: { progress: { finished: 30, total: 30 } }, runLevelMetricResults: [{ numberValue: 100, scored: 30 }] });
    // Later watchers get the terminal state alone.
    expect((await watch(id)).events).toEqual([events.at(-1)]);
  });

  it("is NOT_FOUND for an unknown run", async () => {
    const { events, errors } = await watch("nonsense");
    expect(events).toEqual([]);
    expect(JSON.stringify(errors)).toContain("NOT_FOUND");
  });
});
