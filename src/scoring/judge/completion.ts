import type { ModelMessage } from "ai";
import type { ModelSession } from "../callers.js";
import { ModelCallFault } from "../model-call-fault.js";

/** A question to a model: instructions of ours, then what people and programs said. */
export interface Question {
  readonly instructions: string;
  readonly messages: readonly { readonly role: "user" | "assistant"; readonly content: string }[];
  readonly temperature?: number;
}

/** The form that an answer shall have. */
export interface AnswerForm {
  /** Letters, digits and underscores. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** How a model is asked for a form: by response_format, by a tool that it must call, or in words. */
export type Mode = "schema" | "tool" | "text";

/** What a model writes. Faults as ModelSession.fetch; throws the signal's reason. Safe to repeat. */
export async function completeText(session: ModelSession, question: Question): Promise<string> {
  return ask(session, question, null);
}

/** What a model writes when it is asked for a form: by `schema` and `tool` mostly JSON, but servers differ. */
export async function completeForm(session: ModelSession, question: Question, form: AnswerForm, mode: Mode): Promise<string> {
  return mode === "text" ? ask(session, question, null) : ask(session, question, { form, mode });
}

async function ask(session: ModelSession, question: Question, asked: { readonly form: AnswerForm; readonly mode: "schema" | "tool" } | null): Promise<string> {
  try {
    return await generate(session, question, asked);
  } catch (error) {
    if (!refusesTemperature(error, session, question)) throw error;
    session.memory.takesTemperature = false;
    return generate(session, question, asked);
  }
}

/** Some models run at one temperature only, and refuse to be told. */
function refusesTemperature(error: unknown, session: ModelSession, question: Question): boolean {
  return question.temperature !== undefined && session.memory.takesTemperature && error instanceof ModelCallFault && (error.httpStatus === 400 || error.httpStatus === 422) && /temperature/i.test(error.message);
}

async function generate(session: ModelSession, question: Question, asked: { readonly form: AnswerForm; readonly mode: "schema" | "tool" } | null): Promise<string> {
  const { generateText, jsonSchema, Output } = await import("ai"); // 40 MB: only processes that judge by models pay for them
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  let fault: Error | null = null as Error | null; // assigned in a callback, which narrowing does not see
  let body = "";
  const fetch: typeof globalThis.fetch = async (...request) => {
    try {
      const response = await session.fetch(...request);
      body = await response.clone().text();
      return response;
    } catch (error) {
      fault = error instanceof Error ? error : new Error(String(error)); // the library may wrap it
      throw error;
    }
  };
  const provider = createOpenAICompatible({ name: "model", baseURL: session.model.baseUrl.replace(/\/+$/, ""), fetch, supportsStructuredOutputs: true });
  const common = {
    model: provider.chatModel(session.model.model),
    instructions: question.instructions,
    messages: question.messages.map(({ role, content }): ModelMessage => ({ role, content })),
    ...(question.temperature === undefined || !session.memory.takesTemperature ? {} : { temperature: question.temperature }),
    maxRetries: 0, // retries are with the limits, in one place
    abortSignal: session.signal,
  };
  try {
    if (asked === null) return (await generateText(common)).text;
    const { name, description } = asked.form;
    const schema = jsonSchema(asked.form.schema);
    if (asked.mode === "schema") return (await generateText({ ...common, output: Output.object({ schema, name, description }) })).text;
    const { toolCalls, text } = await generateText({ ...common, tools: { [name]: { description, inputSchema: schema } }, toolChoice: { type: "tool", toolName: name } });
    const [call] = toolCalls;
    return call === undefined ? text : typeof call.input === "string" ? call.input : JSON.stringify(call.input);
  } catch (error) {
    session.signal.throwIfAborted();
    if (fault !== null) throw fault;
    // A completion that is not as asked: no JSON, no call of the tool. Whoever asked reads what it can from the text.
    const text = textOf(body);
    if (text !== null) return text;
    throw new ModelCallFault("MALFORMED_ANSWER", `The model "${session.model.name}" answered with something that is no chat completion: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`, null);
  }
}

/** What the first choice of a chat completion says; null where it is none. */
function textOf(body: string): string | null {
  try {
    const answer = JSON.parse(body) as { readonly choices?: readonly { readonly message?: { readonly content?: unknown } }[] } | null; // each step is asked for
    const message = answer?.choices?.[0]?.message;
    if (typeof message !== "object" || message === null) return null;
    return typeof message.content === "string" ? message.content : "";
  } catch {
    return null; // no JSON
  }
}
