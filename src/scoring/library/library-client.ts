import { ScoringFault } from "../score.js";

/** Posts a body to a path below a model's base URL and gives the answer's JSON. ScoringFault where there is none. */
export type ModelPost = (path: "/chat/completions" | "/embeddings", body: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** The model that a library metric asks. */
export interface LibraryModel {
  readonly model: string;
  readonly embeddingModel: string | null;
  readonly post: ModelPost;
}

/** What a metric's calls took, embeddings included. Null: no answer said so. */
export interface LibraryUsage {
  calls: number;
  inputTokens: number | null;
  outputTokens: number | null;
}

/** The part of a completion request that matters here. */
interface CompletionRequest {
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters?: unknown } }[];
}

/** The tool by which the library's questions with choices are answered. */
const CHOICE_TOOL = "select_choice";

/**
 * The client that autoevals is given for each metric. It has the two methods of the OpenAI client that the library
 * calls, and none of its habits: it reads no environment, knows no address but the model's, and leaves retries to
 * those who post. Whatever model the library names, the metric's own is asked, in chat completions: the library
 * would ask models called gpt-5 by an interface that few servers have.
 */
export class LibraryClient {
  readonly usage: LibraryUsage = { calls: 0, inputTokens: null, outputTokens: null };
  readonly chat = { completions: { create: (params: CompletionRequest): Promise<unknown> => this.#complete(params) } };
  readonly embeddings = { create: (params: { readonly input: string }): Promise<unknown> => this.#embed(params) };
  readonly #model: LibraryModel;
  #dimensions: number | null = null;

  constructor(model: LibraryModel) {
    this.#model = model;
  }

  /** Completes, and answers with a call of the tool that was asked for in the one form that the library reads. */
  async #complete(params: CompletionRequest): Promise<unknown> {
    const tool = params.tools?.[0]?.function;
    if (tool === undefined) throw new Error("the library asks without a tool");
    const messages = tool.name === CHOICE_TOOL ? params.messages : params.messages.map((message) => ({ ...message, content: typeof message.content === "string" ? withoutEntities(message.content) : message.content }));
    const answer = await this.#ask("/chat/completions", { ...params, messages, model: this.#model.model });
    const message = messageOf(answer);
    const given = toolArguments(message, tool.name);
    if (tool.name === CHOICE_TOOL) assertChoice(given, choicesOf(tool.parameters));
    return { choices: [{ message: { role: "assistant", tool_calls: [{ id: "1", type: "function", function: { name: tool.name, arguments: JSON.stringify(given) } }] } }] };
  }

  async #embed({ input }: { readonly input: string }): Promise<unknown> {
    const { embeddingModel } = this.#model;
    if (embeddingModel === null) throw new ScoringFault("INVALID_PARAMETERS", "This metric compares embeddings, and its model names no embeddingModel. Give the model one.");
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

  async #ask(path: Parameters<ModelPost>[0], body: Parameters<ModelPost>[1]): Promise<unknown> {
    this.usage.calls += 1;
    const answer = await this.#model.post(path, body);
    const usage = isObject(answer) && isObject(answer["usage"]) ? answer["usage"] : {};
    this.usage.inputTokens = sum(this.usage.inputTokens, usage["prompt_tokens"]);
    this.usage.outputTokens = sum(this.usage.outputTokens, usage["completion_tokens"]);
    return answer;
  }
}

function sum(total: number | null, more: unknown): number | null {
  return typeof more === "number" && Number.isFinite(more) && more >= 0 ? (total ?? 0) + Math.round(more) : total;
}

const ENTITIES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x2F;": "/", "&#x60;": "`", "&#x3D;": "=" };

/** The library's prompts about contexts escape texts as for HTML, by mustache: this takes back just that. */
function withoutEntities(prompt: string): string {
  return prompt.replaceAll(/&(?:amp|lt|gt|quot|#39|#x2F|#x60|#x3D);/g, (entity) => ENTITIES[entity] ?? entity);
}

function messageOf(answer: unknown): Record<string, unknown> {
  const choices = isObject(answer) ? answer["choices"] : undefined;
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isObject(first) ? first["message"] : undefined;
  if (!isObject(message)) throw malformed("The model's answer is no chat completion: it has no choices with a message.");
  return message;
}

/** What the tool was called with, or a JSON object in the text of a model that writes instead of calling. */
function toolArguments(message: Record<string, unknown>, name: string): Record<string, unknown> {
  const calls = Array.isArray(message["tool_calls"]) ? (message["tool_calls"] as unknown[]) : [];
  for (const call of calls) {
    const called = isObject(call) && isObject(call["function"]) ? call["function"] : {};
    if (called["name"] === name) return argumentsOf(called["arguments"]);
  }
  const text = typeof message["content"] === "string" ? message["content"] : "";
  const written = parsed(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  if (isObject(written)) return written;
  throw noVerdict(`The model did not call ${name}, as it was asked to.`);
}

function argumentsOf(given: unknown): Record<string, unknown> {
  const value = typeof given === "string" ? parsed(given) : given;
  if (!isObject(value)) throw malformed("The model called its tool with something that is no JSON object.");
  return value;
}

function choicesOf(parameters: unknown): readonly string[] {
  const properties = isObject(parameters) && isObject(parameters["properties"]) ? parameters["properties"] : {};
  const choices = isObject(properties["choice"]) ? properties["choice"]["enum"] : [];
  return Array.isArray(choices) ? choices.filter((choice) => typeof choice === "string") : [];
}

function assertChoice({ choice }: Record<string, unknown>, choices: readonly string[]): void {
  if (typeof choice !== "string" || choice.trim() === "") throw noVerdict("The model made no choice.");
  if (!choices.includes(choice.trim())) throw new ScoringFault("UNKNOWN_CATEGORY", `The model chose ${JSON.stringify(choice.slice(0, 80))}, which is none of ${choices.join(", ")}.`, "INCONCLUSIVE");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says what that means
  }
}

function noVerdict(message: string): ScoringFault {
  return new ScoringFault("NO_VERDICT", message, "INCONCLUSIVE");
}

function malformed(message: string): ScoringFault {
  return new ScoringFault("MALFORMED_ANSWER", message);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
