import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GatewayServer } from "../../src/http/index.js";
import { resultId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { ownerOf } from "../support/seed.js";
import { socketClient, startTestServer } from "../support/server.js";
import { givenReviewableRun } from "./review-world.js";

let app: TestApp;
let server: GatewayServer;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
});
afterAll(async () => {
  await server.close(1_000);
  await app.close();
});

interface Event {
  readonly runStatus: { readonly progress: { readonly passed: number; readonly failed: number; readonly finished: number }; readonly finishedResults: readonly { readonly id: string }[]; readonly run: { readonly reviewCounts: { readonly corrected: number } } };
}

describe("a review in a run that goes on", () => {
  it("reaches those who watch the run as a step of it, without its result coming again", async () => {
    const run = await givenReviewableRun(app.database.db, await ownerOf(app.database.db, app.admin));
    const client = socketClient(server);
    const query = "subscription ($id: ID!) { runStatus(runId: $id) { progress { passed failed finished } finishedResults { id } run { reviewCounts { corrected } } } }";
    const events = client.iterate<Event>({ query, variables: { id: run.id } });
    const next = async () => (await events.next()).value?.data?.runStatus;
    try {
      expect(await next()).toMatchObject({ progress: { passed: 1, failed: 1, finished: 4 }, finishedResults: [{}, {}, {}, {}], run: { reviewCounts: { corrected: 0 } } });
      await app.data("mutation ($input: AddReviewInput!) { addReview(input: $input) { id } }", { input: { resultId: resultId(run.id, 1), verdict: "PASS", comment: "Because." } });
      expect(await next()).toEqual({ progress: { passed: 2, failed: 0, finished: 4 }, finishedResults: [], run: { reviewCounts: { corrected: 1 } } });
    } finally {
      client.terminate();
      await client.dispose();
    }
  });
});
