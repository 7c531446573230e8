import { afterAll, beforeAll, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let workers: Worker[];
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint((request) => ({ json: { output: `echo: ${request.json.input as string}` }, delayMs: 30 }));
  workers = [await startTestWorker(app), await startTestWorker(app)];
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop(1_000)));
  await app.close();
  await bot.close();
});

it("a limit that is lowered or raised in mid-run holds within seconds, over two workers", async () => {
  const endpoint = await givenEndpointAt(app, bot.url, { maxConcurrency: 8 });
  const id = await execute(app, await givenTests(app, { tests: 500 }), endpoint);
  const limit = (maxConcurrency: number): Promise<unknown> => app.data("mutation ($id: ID!, $limits: EndpointLimitsInput!) { updateEndpoint(input: { endpoint: { id: $id }, limits: $limits }) { id } }", { id: endpoint.id, limits: { maxConcurrency } });
  await waitFor(() => bot.inFlight.now === 8, { what: "the whole limit to be used" });
  await limit(2);
  // Within the two seconds for which a process goes on with the limits that it has read, and the calls of before.
  await waitFor(
    async () => {
      bot.inFlight.most = bot.inFlight.now;
      const from = bot.requests.length;
      await waitFor(() => bot.requests.length >= from + 12);
      return bot.inFlight.most <= 2;
    },
    { what: "the lower limit to hold" },
  );
  await limit(6);
  await waitFor(() => bot.inFlight.now === 6, { what: "the higher limit to be used" });
  expect((await untilFinished(app, id)).progress).toMatchObject({ passed: 500 });
  expect(bot.inFlight.most).toBe(6);
}, 120_000);
