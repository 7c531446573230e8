import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Chatbot, startChatbot } from "../../src/demo/chatbot.js";

let bot: Chatbot;
beforeAll(async () => {
  bot = await startChatbot();
});
afterAll(() => bot.close());

async function say(message: unknown, sessionId?: string): Promise<{ status: number; reply?: string; session_id?: string }> {
  const response = await fetch(bot.url, { method: "POST", body: JSON.stringify({ message, session_id: sessionId }) });
  return { status: response.status, ...((await response.json()) as { reply?: string; session_id?: string }) };
}

describe("the demo's chatbot", () => {
  it("begins a session where none is named, and goes on with it where it is", async () => {
    const first = await say("My mother hates me");
    expect(first.reply).toBe("Tell me more about your family.");
    const again = await say("My mother hates me", first.session_id);
    expect(again.session_id).toBe(first.session_id);
    // ELIZA goes through the answers of a rule: in the same session it has come to the next one, in a new one to the first.
    expect(again.reply).not.toBe(first.reply);
    expect(await say("My mother hates me")).toMatchObject({ reply: first.reply });
  });

  it("forgets the session that was begun first when there are too many", async () => {
    const first = await say("My mother hates me");
    for (let count = 0; count < 1_000; count += 50) await Promise.all(Array.from({ length: 50 }, () => say("hello")));
    expect((await say("hello", first.session_id)).session_id).not.toBe(first.session_id);
  });

  it("refuses what is no message", async () => {
    expect(await say(42)).toMatchObject({ status: 400 });
  });
});
