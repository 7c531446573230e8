import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBot, givenBuiltIn, givenConversations, readConversations } from "../support/conversations.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { fenced, givenModelAt, toldBy, verdict } from "../support/fake-judge.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let judge: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint((request) => ({ json: { output: request.json.input === "book" ? "Booked: ROOM 7" : "Sure." } }));
  // Achieved are the words of the goal, in capitals, that the application has said.
  judge = await startFakeEndpoint((request) => {
    const { instructions, material } = toldBy(request);
    const wanted = (fenced(instructions, "input") ?? fenced(instructions, "metadata.goal") ?? "").match(/[A-Z]{4,}/g) ?? [];
    const said = material.split(/<<<\w+ MESSAGE \d+ BY THE APPLICATION>>>/).slice(1).join();
    return verdict({ score: wanted.filter((word) => said.includes(word)).length / wanted.length, reason: `Wanted were ${wanted.join()}.` });
  });
  worker = await startTestWorker(app);
  const id = await givenModelAt(app, judge.url, { name: "judge" });
  await givenBuiltIn(app, "goal", "goal_achievement", {}, { model: { id } });
  await givenBuiltIn(app, "three votes", "goal_achievement", { goal: "{{ metadata.goal }}", votes: 3 }, { model: { id } });
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await Promise.all([bot.close(), judge.close()]);
});

describe("goal_achievement", () => {
  it("judges the whole transcript by the conversation's goal, and passes from 0.7 on", async () => {
    const endpoint = await givenBot(app, { url: bot.url });
    const script = { scriptedTurns: ["hello", "book", "thanks"] };
    const set = await givenConversations(app, [{ ...script, goal: "Book a ROOM" }, { ...script, goal: "Book a ROOM with BREAKFAST" }], { metrics: ["goal"] });
    const id = await execute(app, set, endpoint);
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 1, failed: 1 } });
    const [achieved, half] = await readConversations(app, id);
    expect(achieved.metricResults[0]).toMatchObject({ name: "goal", status: "PASSED", score: 1, reason: "Wanted were ROOM." });
    expect(half).toMatchObject({ status: "FAILED", scores: { goal: 0.5 } });
    const { instructions, material } = toldBy(judge.requests[0]);
    expect(instructions).toContain("The score is the share of the parts that are given.");
    for (const [number, who, text] of [[1, "USER", "hello"], [4, "APPLICATION", "Booked: ROOM 7"], [6, "APPLICATION", "Sure."]] as const) expect(fenced(material, `MESSAGE ${number} BY THE ${who}`)).toBe(text);
  });

  it("takes the goal from elsewhere, and asks as often as votes says", async () => {
    const endpoint = await givenBot(app, { url: bot.url });
    judge.clear();
    const { createTestSet } = await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", {
      input: { name: "goals elsewhere", type: "MULTI_TURN", tests: [{ conversation: { scriptedTurns: ["book"] }, metadata: { goal: "a ROOM" } }], metrics: [{ name: "three votes" }] },
    });
    const id = await execute(app, createTestSet, endpoint);
    await untilFinished(app, id);
    expect((await readConversations(app, id))[0].metricResults[0]).toMatchObject({ status: "PASSED", score: 1 });
    expect(judge.requests).toHaveLength(3);
  });

  it("is SKIPPED for single-turn tests", async () => {
    const id = await execute(app, await givenTests(app, { tests: 1, metrics: ["goal", "echoes"] }), await givenEndpointAt(app, bot.url));
    await untilFinished(app, id);
    expect((await readConversations(app, id))[0].metricResults).toMatchObject([{ name: "goal", status: "SKIPPED", error: { code: "SCOPE_MISMATCH" } }, { name: "echoes" }]);
  });
});
