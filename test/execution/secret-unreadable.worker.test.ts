import { afterAll, beforeAll, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
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

it("a run whose endpoint's secret was stored under another key ends in errors that say so, and calls nobody", async () => {
  const endpoint = await givenEndpointAt(app, bot.url);
  const auth = { type: "BEARER", token: "abcdefgh" };
  await app.data("mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { id } }", { input: { endpoint: { id: endpoint.id }, auth } });
  // Sealed for another endpoint, it opens here no more than one of another key does.
  const other = await givenEndpointAt(app, `${bot.url}/other`);
  await app.data("mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { id } }", { input: { endpoint: { id: other.id }, auth } });
  await app.database.pool.query("update endpoints set credentials = (select credentials from endpoints o where o.id = $2) where id = $1", [endpoint.id, other.id]);
  const run = await execute(app, await givenTests(app, { tests: 3 }), endpoint);
  expect((await untilFinished(app, run)).progress).toMatchObject({ errored: 3 });
  const { testResults } = await app.data("query ($id: ID!) { testResults(filter: { runId: $id }) { nodes { error { type message retryable } } } }", { id: run });
  for (const { error } of testResults.nodes as { error: { type: string; message: string } }[]) {
    expect(error).toEqual({ type: "AUTH", message: expect.stringMatching(/^The secret of the endpoint .* cannot be read with the present SECRET_KEY\. .* Then retry the run\.$/) as string, retryable: false });
  }
  expect(bot.requests).toHaveLength(0);
}, 60_000);
