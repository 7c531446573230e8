import type { Model } from "../../src/endpoints/index.js";
import type { Callers } from "../../src/scoring/callers.js";
import type { LibraryModel } from "../../src/scoring/library/library-client.js";

/** A request as the model got it. */
export interface Asked {
  readonly path: string;
  readonly body: Record<string, any>;
  /** The tool that the model is to call; empty for embeddings. */
  readonly tool: string;
  readonly prompt: string;
}

/** A model whose tool calls a test decides; embeddings are counts of the letters a to z. */
export function givenModel(call: (asked: Asked) => unknown): LibraryModel & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    model: { model: "gpt-5-judge", embeddingModel: "letters" },
    memory: { mode: null, takesTemperature: true },
    asked,
    post: async (path, body) => {
      const request = body as Record<string, any>;
      const one: Asked = { path, body: request, tool: request["tools"]?.[0].function.name ?? "", prompt: request["messages"]?.[0].content ?? "" };
      asked.push(one);
      if (path === "/embeddings") return { data: [{ embedding: letterCounts(request["input"]) }], usage: { prompt_tokens: 2, total_tokens: 2 } };
      return toolCall(one.tool, call(one));
    },
  };
}

/** A chat completion that calls the tool, of 11 and 7 tokens. */
export function toolCall(tool: string, given: unknown): Record<string, unknown> {
  const text = typeof given === "string" ? given : JSON.stringify(given);
  return { choices: [{ message: { role: "assistant", content: null, tool_calls: [{ id: "call", type: "function", function: { name: tool, arguments: text } }] } }], usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } };
}

export function letterCounts(text: string): number[] {
  return Array.from({ length: 26 }, (_, index) => text.toLowerCase().split(String.fromCharCode(97 + index)).length - 1);
}

/** The way to that model, whatever id is asked for. */
export function callsOf(given: LibraryModel): Callers {
  const session = { ...given, model: given.model as Model, fetch, signal: new AbortController().signal }; // the library asks for these two fields alone
  return { model: async () => session, remote: async () => Promise.reject(new Error("no remote metric")), usage: { calls: 0, inputTokens: null, outputTokens: null, cost: null }, waitedMs: 0 };
}
