import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { type FakeUserModel, startFakeUserModel } from "../support/fake-model.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let user: FakeUserModel;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint((request) => ({ json: { reply: `About order 17: ${request.json.message as string}`, session: request.json.session ?? "s" } }));
  user = await startFakeUserModel();
  worker = await startTestWorker(app);
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await Promise.all([bot.close(), user.server.close()]);
});

it("the README's conversations, a scripted one and one with a goal, are held as it says", async () => {
  const readme = await readFile("README.md", "utf8");
  const block = /```graphql\n(mutation Talks [\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const operations = block.replace("http://127.0.0.1:8080", bot.url).replace("http://127.0.0.1:11434", user.server.url).split(/\n\n(?=mutation|query)/);
  user.play({ 3: "achieved" });
  const [talks, talk, transcripts] = operations as [string, string, string];
  expect((await app.data(talks))["talks"]).toEqual({ testCount: 2 });
  const { executeTestSet } = await app.data(talk);
  expect(await untilFinished(app, executeTestSet.id)).toMatchObject({ status: "COMPLETED", passRate: 1 });
  const { testResults } = await app.data(transcripts, { run: executeTestSet.id });
  expect(testResults.nodes.map((node: any) => [node.output.stopReason, node.output.sessionId, node.output.turns.map((turn: any) => turn.message)])).toEqual([
    ["SCRIPT_DONE", "s", ["Hello", "I want my money back for order 17", "Why not?"]],
    ["GOAL_ACHIEVED", "s", ["turn 1", "turn 2", "turn 3"]],
  ]);
});
