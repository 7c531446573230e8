import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { composeServices, type Services } from "../../src/app/services.js";
import { PgEventBus } from "../../src/events/index.js";
import { createLogger } from "../../src/log.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let judge: FakeEndpoint;
let guarded: Services;
let bus: PgEventBus;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  judge = await startFakeEndpoint({ json: { passed: true } });
  // The same gateway after ENDPOINT_ALLOW_PRIVATE was turned off.
  bus = new PgEventBus({ url: app.database.url, applicationName: "assay-test-guarded" });
  await bus.start();
  guarded = composeServices({ db: app.database.db, bus, now: () => new Date(), log: createLogger({ level: "silent", service: "test" }), secretKey: randomBytes(32), allowPrivateAddresses: false });
});
afterAll(async () => {
  await guarded.close();
  await bus.close();
  await app.close();
  await Promise.all([bot.close(), judge.close()]);
});

it("a remote metric and a model on private addresses are not asked where those are forbidden: ERROR, BLOCKED_ADDRESS", async () => {
  await app.data("mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }", { input: { name: "judge", baseUrl: judge.url, model: "m" } });
  const metrics = [
    { name: "remote", kind: "REMOTE", url: judge.url, scoreType: "BINARY" },
    { name: "library", kind: "BUILT_IN", builtIn: "humor", model: { name: "judge" } },
  ];
  for (const input of metrics) await app.data("mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }", { input });
  const set = await givenTests(app, { tests: 1 });
  const endpoint = await givenEndpointAt(app, bot.url);
  const first = await startTestWorker(app);
  await untilFinished(app, await execute(app, set, endpoint));
  await first.stop(1_000);
  const second = await startTestWorker({ ...app, services: guarded });
  const { rescore } = await app.data("mutation ($input: RescoreInput!) { rescore(input: $input) { id } }", { input: { testSet: { id: set.id }, endpoint: { id: endpoint.id }, metrics: metrics.map(({ name }) => ({ name })) } });
  await untilFinished(app, rescore.id);
  await second.stop(1_000);
  const { nodes } = (await app.data("query ($id: ID!) { testResults(filter: { runId: $id }) { nodes { status metricResults { name status score error { code } } } } }", { id: rescore.id }))["testResults"];
  expect(nodes).toEqual([{ status: "ERROR", metricResults: metrics.map(({ name }) => ({ name, status: "ERROR", score: null, error: { code: "BLOCKED_ADDRESS" } })) }]);
  expect(judge.requests).toEqual([]);
});
