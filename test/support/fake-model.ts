import type { TestApp } from "./app.js";
import { type FakeEndpoint, type FakeReply, type RecordedRequest, startFakeEndpoint } from "./fake-endpoint.js";

/** What the model is asked for. */
export interface Asked {
  /** Instructions and messages as one text each, in order. */
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** Whether it is asked how the conversation stands to its goal, and not for the user's next message. */
  readonly isCheck: boolean;
  /** How often the application has answered so far. */
  readonly turns: number;
}

/** A model that plays the user: an OpenAI-compatible server whose answers a test computes. */
export interface FakeUserModel {
  readonly server: FakeEndpoint;
  readonly asked: () => readonly Asked[];
  /** The user's messages are "turn 1", "turn 2", …; the goal is as `goalAt` says for the number of turns, else open. */
  play(goalAt?: Readonly<Record<number, "achieved" | "impossible">>): void;
  /** Answers messages or goal checks in its own way; the other kind as `play` without a goal. */
  answer(kind: "say" | "check", reply: FakeReply): void;
}

/** What an OpenAI-compatible server answers with. */
export function completion(content: string): FakeReply {
  return { json: { id: "c", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }], usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 } } };
}

export async function startFakeUserModel(): Promise<FakeUserModel> {
  const server = await startFakeEndpoint();
  const play: FakeUserModel["play"] = (goalAt = {}) => server.answer((request) => answerOf(toAsked(request), goalAt));
  play();
  return {
    server,
    asked: () => server.requests.map(toAsked),
    play,
    answer: (kind, reply) => server.answer((request) => ((toAsked(request).isCheck ? "check" : "say") === kind ? reply : answerOf(toAsked(request), {}))),
  };
}

function answerOf({ isCheck, turns }: Asked, goalAt: Readonly<Record<number, string>>): FakeReply {
  return completion(isCheck ? JSON.stringify({ reason: `After ${turns}.`, goal: goalAt[turns] ?? "open" }) : `turn ${turns + 1}`);
}

function toAsked(request: RecordedRequest): Asked {
  const messages = (request.json?.messages ?? []) as Asked["messages"];
  return { messages, isCheck: JSON.stringify(messages).includes("You watch a conversation"), turns: JSON.stringify(messages).split("THE APPLICATION>>>").length - 1 };
}

let count = 0;

/** The model as the gateway knows it. */
export async function givenUserModel(app: TestApp, url: string, limits: Record<string, unknown> = {}): Promise<{ id: string; name: string }> {
  count += 1;
  const input = { name: `user model ${count}`, provider: "test", baseUrl: `${url}/v1`, model: "m", apiKey: "sk-user", limits, inputCostPerMillionTokens: 1_000_000, outputCostPerMillionTokens: 2_000_000 };
  const { createModel } = await app.data(`mutation ($input: CreateModelInput!) { createModel(input: $input) { id name } }`, { input });
  return createModel as { id: string; name: string };
}
