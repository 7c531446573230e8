import type { TestApp } from "./app.js";
import type { FakeReply, RecordedRequest } from "./fake-endpoint.js";

/** A chat completion with the text, as OpenAI-compatible servers answer. */
export function completion(content: string, usage: { prompt: number; completion: number } = { prompt: 100, completion: 20 }): FakeReply {
  return answerOf({ role: "assistant", content }, "stop", usage);
}

/** A chat completion that calls a tool. */
export function toolCall(name: string, args: string): FakeReply {
  return answerOf({ role: "assistant", content: null, tool_calls: [{ id: "t1", type: "function", function: { name, arguments: args } }] }, "tool_calls", { prompt: 100, completion: 20 });
}

function answerOf(message: unknown, finishReason: string, { prompt, completion: written }: { prompt: number; completion: number }): FakeReply {
  return { json: { id: "c1", object: "chat.completion", created: 1, model: "fake", choices: [{ index: 0, message, finish_reason: finishReason }], usage: { prompt_tokens: prompt, completion_tokens: written, total_tokens: prompt + written } } };
}

/** A judge's answer in the form that it was asked for. */
export function verdict(fields: Readonly<Record<string, unknown>>): FakeReply {
  return completion(JSON.stringify({ reason: "because", ...fields }));
}

/** What the model was told: instructions and material. */
export function toldBy(request: RecordedRequest | undefined): { readonly roles: readonly string[]; readonly instructions: string; readonly material: string } {
  const messages = (request?.json?.messages ?? []) as readonly { role: string; content: string }[];
  return { roles: messages.map(({ role }) => role), instructions: messages[0]?.content ?? "", material: messages[1]?.content ?? "" };
}

/** The text that stands in the fence of the name. */
export function fenced(material: string, name: string): string | undefined {
  return new RegExp(`<<<([0-9a-f]+) ${name}>>>\\n([\\s\\S]*?)\\n<<<\\1 END>>>`).exec(material)?.[2];
}

let count = 0;

/** A model at the URL, without retries unless its limits say otherwise; answers its id. */
export async function givenModelAt(app: TestApp, url: string, more: Record<string, unknown> = {}): Promise<string> {
  count += 1;
  const input = { name: `model ${count}`, baseUrl: `${url}/v1`, model: "fake", limits: { maxAttempts: 1 }, ...more };
  return (await app.data("mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }", { input }))["createModel"].id as string;
}

/** A judge by the model, BINARY unless it says otherwise; answers its name. */
export async function givenJudge(app: TestApp, modelId: string, more: Record<string, unknown> = {}): Promise<string> {
  count += 1;
  const input = { name: `judge ${count}`, kind: "LLM_JUDGE", evaluationPrompt: "Is the answer polite?", model: { id: modelId }, scoreType: "BINARY", ...more };
  return (await app.data("mutation ($input: CreateMetricInput!) { createMetric(input: $input) { name } }", { input }))["createMetric"].name as string;
}
