import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBot, givenBuiltIn, givenConversations, readConversations } from "../support/conversations.js";
import { execute, untilFinished } from "../support/execution.js";
import { startTestWorker } from "../support/worker.js";
import { type BotProcess, startBot } from "./bot-process.js";

let app: TestApp;
let worker: Worker;
let eliza: BotProcess;
let rivescript: BotProcess;
let botkit: BotProcess;
beforeAll(async () => {
  [eliza, rivescript, botkit] = await Promise.all([startBot("eliza-bot.mjs"), startBot("rivescript-bot.mjs"), startBot("botkit-bot.mjs")]);
  app = await createTestApp();
  worker = await startTestWorker(app);
  await givenBuiltIn(app, "answers", "length", { min: 1 });
});
afterAll(async () => {
  await worker?.stop(1_000);
  await app?.close();
  await Promise.all([eliza, rivescript, botkit].map((bot) => bot?.stop()));
});

/** What the bot answered to each script, turn by turn. */
async function answersOf(endpoint: { id: string }, scripts: readonly (readonly string[])[], more: Record<string, unknown> = {}): Promise<string[][]> {
  const id = await execute(app, await givenConversations(app, scripts.map((scriptedTurns) => ({ scriptedTurns })), { metrics: ["answers"] }), endpoint, more);
  expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", passRate: 1 });
  return (await readConversations(app, id)).map((result) => result.output.turns.map((turn: any) => turn.response as string));
}

describe("ELIZA, with a session", () => {
  it("is spoken with in one session a conversation and answers the same each time", async () => {
    const endpoint = await givenBot(app, { url: `http://${eliza.host}/`, requestMapping: { session_id: "{{ session_id }}", message: "{{ input }}" }, responseMapping: { output: "$.reply", session_id: "$.session_id", metadata: "$" } });
    const script = ["My mother hates me", "She is always angry"];
    const [first, second] = await answersOf(endpoint, [script, script]);
    expect(first?.[0]).toBe("Tell me more about your family.");
    expect(second).toEqual(first);
  });
});

describe("RiveScript, which remembers", () => {
  const mapping = { requestMapping: { session: "{{ session_id }}", text: "{{ input }}" }, responseMapping: { output: "$.reply", session_id: "$.session" } };

  it("remembers over the turns of a conversation and nothing of another one", async () => {
    const endpoint = await givenBot(app, { url: `http://${rivescript.host}/`, ...mapping });
    expect(await answersOf(endpoint, [["my name is ada", "how are you", "what is my name"], ["what is my name"]], { trials: 2 })).toEqual([
      ["Nice to meet you, Ada.", "I do not understand.", "Your name is Ada."],
      ["Nice to meet you, Ada.", "I do not understand.", "Your name is Ada."],
      ["You never told me your name."],
      ["You never told me your name."],
    ]);
  });

  it("understands a reply to what it said before", async () => {
    const endpoint = await givenBot(app, { url: `http://${rivescript.host}/`, ...mapping });
    expect(await answersOf(endpoint, [["knock knock", "boo"]])).toEqual([["Who's there?", "Boo who?"]]);
  });

  it("forgets from turn to turn where the mapping hands the session on to nobody", async () => {
    const endpoint = await givenBot(app, { url: `http://${rivescript.host}/`, requestMapping: { text: "{{ input }}" }, responseMapping: { output: "$.reply" } });
    expect(await answersOf(endpoint, [["my name is ada", "what is my name"]])).toEqual([["Nice to meet you, Ada.", "You never told me your name."]]);
  });
});

describe("Botkit, whose dialogues belong to a user", () => {
  const script = ["I want pizza", "huge", "large", "hi"];
  const answers = ["What size pizza?", "What size pizza?", "One large pizza is on its way.", "Hello! You said: hi"];
  const message = { type: "message", user: "{{ result_id }}", text: "{{ input }}" };

  it("holds a dialogue with each conversation over HTTP, where answers are lists of messages", async () => {
    const endpoint = await givenBot(app, { url: `http://${botkit.host}/api/messages`, requestMapping: { ...message, channel: "webhook" }, responseMapping: { output: "$[0].text" } });
    expect(await answersOf(endpoint, [script, script, ["hi"]])).toEqual([answers, answers, ["Hello! You said: hi"]]);
  });

  it("holds the same dialogue over a WebSocket", async () => {
    const endpoint = await givenBot(app, { url: `ws://${botkit.host}/`, connectionType: "WEBSOCKET", requestMapping: { ...message, channel: "websocket" }, responseMapping: { output: "$.text", end: "$.text" } });
    expect(await answersOf(endpoint, [script, script])).toEqual([answers, answers]);
  });
});
