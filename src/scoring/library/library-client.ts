import { parseObject } from "../judge/structured-answer.js";
import type { ModelMemory, ModelSession } from "../callers.js";
import { ModelCallFault } from "../model-call-fault.js";
import { ScoringFault } from "../score.js";

/** The model that a library metric asks, and the only way that its calls take. */
export type LibraryModel = Pick<ModelSession, "post" | "memory"> & { readonly model: Pick<ModelSession["model"], "model" | "embeddingModel"> };

type Json = Readonly<Record<string, unknown>>;

/** The part of a completion request that matters here. */
interface CompletionRequest {
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
  readonly tools?: readonly { readonly function: Tool }[];
  readonly temperature?: number | null;
}

interface Tool {
  readonly name: string;
  readonly parameters?: unknown;
}

/** The tool by which the library's questions with choices are answered. */
const CHOICE_TOOL = "select_choice";

/** Models whose servers refused tools: they are asked in words. */
const withoutTools = new WeakSet<ModelMemory>();

/** What servers answer to what they do not know. */
const REFUSALS: ReadonlySet<number> = new Set([400, 404, 405, 415, 422, 501]);

/**
 * The client that autoevals is given for each metric. It has the two methods of the OpenAI client that the library
 * calls, and none of its habits: it reads no environment, knows no address but the model's, and leaves retries to
 * those who post. Whatever model the library names, the metric's own is asked, in chat completions: the library
 * would ask models called gpt-5 by an interface that few servers have.
 */
export class LibraryClient {
  readonly chat = { completions: { create: (params: CompletionRequest): Promise<unknown> => this.#complete(params) } };
  readonly embeddings = { create: (params: { readonly input: string }): Promise<unknown> => this.#embed(params) };
  readonly #model: LibraryModel;
  readonly #asked = new Set<Promise<unknown>>();
  #dimensions: number | null = null;

  constructor(model: LibraryModel) {
    this.#model = model;
  }

  /** Waits for what is still asked: the library asks for several things at once, and one that fails leaves the others. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#asked);
  }

  /** Completes, and answers with a call of the tool that was asked for in the one form that the library reads. */
  async #complete(params: CompletionRequest): Promise<unknown> {
    const tool = params.tools?.[0]?.function;
    if (tool === undefined) throw new Error("the library asks without a tool");
    const messages = tool.name === CHOICE_TOOL ? params.messages : params.messages.map((message) => ({ ...message, content: typeof message.content === "string" ? withoutEntities(message.content) : message.content }));
    const given = await this.#answer({ ...params, messages }, tool);
    if (tool.name === CHOICE_TOOL) assertChoice(given, choicesOf(tool.parameters));
    return { choices: [{ message: { role: "assistant", tool_calls: [{ id: "1", type: "function", function: { name: tool.name, arguments: JSON.stringify(given) } }] } }] };
  }

  /** What the model calls the tool with; where its server knows no tools, what it writes. */
  async #answer(params: CompletionRequest, tool: Tool): Promise<Json> {
    const { memory } = this.#model;
    if (memory.mode === "text" || withoutTools.has(memory)) return this.#inWords(params, tool);
    try {
      return toolArguments(messageOf(await this.#chat(params)), tool.name);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const given = await this.#inWords(params, tool);
      withoutTools.add(memory);
      return given;
    }
  }

  async #inWords({ messages, temperature }: CompletionRequest, tool: Tool): Promise<Json> {
    const demand = { role: "user", content: `There is no tool to call: answer with the JSON object that ${tool.name} would be called with, and nothing else. Its JSON Schema is ${JSON.stringify(tool.parameters)}` };
    return toolArguments(messageOf(await this.#chat({ messages: [...messages, demand], ...(temperature === undefined ? {} : { temperature }) })), tool.name);
  }

  /** Some models run at one temperature only, and refuse to be told. */
  async #chat(params: CompletionRequest): Promise<unknown> {
    const { model, memory } = this.#model;
    const { temperature: _temperature, ...untempered } = params;
    const send = (): Promise<unknown> => this.#ask("/chat/completions", { ...(memory.takesTemperature ? params : untempered), model: model.model });
    try {
      return await send();
    } catch (error) {
      if (!isRefusal(error) || !memory.takesTemperature || !/temperature/i.test(error.message)) throw error;
      memory.takesTemperature = false;
      return send();
    }
  }

  async #embed({ input }: { readonly input: string }): Promise<unknown> {
    const { embeddingModel } = this.#model.model;
    if (embeddingModel === null) throw new ScoringFault("INVALID_PARAMETERS", "This metric compares embeddings, and its model names no embeddingModel. Give the metric a model that does.");
    // As numbers: the OpenAI client would ask for base64, which few servers have.
    const answer = await this.#ask("/embeddings", { model: embeddingModel, input, encoding_format: "float" });
    const data = isObject(answer) && Array.isArray(answer["data"]) ? (answer["data"] as unknown[]) : [];
    const embedding = isObject(data[0]) ? data[0]["embedding"] : undefined;
    if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every((value) => typeof value === "number" && Number.isFinite(value))) throw malformed("The model's answer has no embedding.");
    // The library takes embeddings that cannot be compared for a similarity of 0.
    this.#dimensions ??= embedding.length;
    if (embedding.length !== this.#dimensions) throw malformed("The model's embeddings differ in length.");
    return { data: [{ embedding }] };
  }

  #ask(path: "/chat/completions" | "/embeddings", body: Json): Promise<unknown> {
    const answer = this.#model.post(path, body);
    this.#asked.add(answer);
    return answer;
  }
}

function isRefusal(error: unknown): error is ModelCallFault {
  return error instanceof ModelCallFault && error.httpStatus !== null && REFUSALS.has(error.httpStatus);
}

const ENTITIES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x2F;": "/", "&#x60;": "`", "&#x3D;": "=" };

/** The library's prompts about contexts escape texts as for HTML, by mustache: this takes back just that. */
function withoutEntities(prompt: string): string {
  return prompt.replaceAll(/&(?:amp|lt|gt|quot|#39|#x2F|#x60|#x3D);/g, (entity) => ENTITIES[entity] ?? entity);
}

function messageOf(answer: unknown): Json {
  const choices = isObject(answer) ? answer["choices"] : undefined;
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isObject(first) ? first["message"] : undefined;
  if (!isObject(message)) throw malformed("The model's answer is no chat completion: it has no choices with a message.");
  return message;
}

/** What the tool was called with, or a JSON object in the text of a model that writes instead of calling. */
function toolArguments(message: Json, name: string): Json {
  const calls = Array.isArray(message["tool_calls"]) ? (message["tool_calls"] as unknown[]) : [];
  for (const call of calls) {
    const called = isObject(call) && isObject(call["function"]) ? call["function"] : {};
    if (called["name"] === name) return argumentsOf(called["arguments"]);
  }
  const written = typeof message["content"] === "string" ? parseObject(message["content"]) : null;
  if (written === null) throw noVerdict(`The model did not call ${name}, as it was asked to.`);
  return written;
}

function argumentsOf(given: unknown): Json {
  const value = typeof given === "string" ? parseObject(given) : given;
  if (!isObject(value)) throw malformed("The model called its tool with something that is no JSON object.");
  return value;
}

function choicesOf(parameters: unknown): readonly string[] {
  const properties = isObject(parameters) && isObject(parameters["properties"]) ? parameters["properties"] : {};
  const choices = isObject(properties["choice"]) ? properties["choice"]["enum"] : [];
  return Array.isArray(choices) ? choices.filter((choice) => typeof choice === "string") : [];
}

function assertChoice({ choice }: Json, choices: readonly string[]): void {
  if (typeof choice !== "string" || choice.trim() === "") throw noVerdict("The model made no choice.");
  if (!choices.includes(choice.trim())) throw new ScoringFault("UNKNOWN_CATEGORY", `The model chose ${JSON.stringify(choice.slice(0, 80))}, which is none of ${choices.join(", ")}.`, "INCONCLUSIVE");
}

function noVerdict(message: string): ScoringFault {
  return new ScoringFault("NO_VERDICT", message, "INCONCLUSIVE");
}

function malformed(message: string): ScoringFault {
  return new ScoringFault("MALFORMED_ANSWER", message);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
