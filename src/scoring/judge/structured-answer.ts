import type { ModelSession } from "../callers.js";
import { ModelCallFault } from "../model-call-fault.js";
import { ScoringFault } from "../score.js";
import { type AnswerForm, completeForm, type Mode, type Question } from "./completion.js";

/** A model's answer in the form that it was asked for: a JSON object, whose fields nobody has looked at yet. */
export interface StructuredAnswer {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly mode: Mode;
}

const MODES: readonly Mode[] = ["schema", "tool", "text"];
/** What servers answer to a response_format or to tools that they do not know. */
const REFUSALS: ReadonlySet<number> = new Set([400, 404, 405, 415, 422, 501]);

/**
 * Asks a model for a JSON object: by response_format with a JSON Schema; where the server has none, by a tool that it
 * must call; else in words, with one repair. What works is remembered for the model. ScoringFault: INCONCLUSIVE with
 * NO_VERDICT when no object comes; the faults of ModelSession.fetch. Throws the signal's reason.
 */
export async function completeObject(session: ModelSession, question: Question, form: AnswerForm): Promise<StructuredAnswer> {
  const { memory } = session;
  let refusal: ModelCallFault | null = null;
  for (const mode of MODES.slice(memory.mode === null ? 0 : MODES.indexOf(memory.mode))) {
    try {
      const fields = mode === "text" ? await inWords(session, question, form) : parseObject(await completeForm(session, question, form, mode));
      if (fields === null) continue;
      // One answer that is no object does not mean that the server cannot do it: only a refusal rules a mode out.
      if (memory.mode === null || refusal !== null) memory.mode = mode;
      return { fields, mode };
    } catch (error) {
      if (mode === "text" || !(error instanceof ModelCallFault) || error.httpStatus === null || !REFUSALS.has(error.httpStatus)) throw error;
      refusal = error;
    }
  }
  throw new ScoringFault("NO_VERDICT", `The model "${session.model.name}" gave no JSON object, however it was asked.`, "INCONCLUSIVE");
}

async function inWords(session: ModelSession, question: Question, form: AnswerForm): Promise<Readonly<Record<string, unknown>> | null> {
  const demand = `Answer with one JSON object and nothing else, no code fence. Its JSON Schema is ${JSON.stringify(form.schema)}`;
  const instructions = `${question.instructions}\n\n${demand}`;
  const text = await completeForm(session, { ...question, instructions }, form, "text");
  const fields = parseObject(text);
  if (fields !== null) return fields;
  const repair = [...question.messages, { role: "assistant" as const, content: text === "" ? "(nothing)" : text }, { role: "user" as const, content: `That is not one JSON object. Say the same as such. ${demand}` }];
  return parseObject(await completeForm(session, { ...question, instructions, messages: repair }, form, "text"));
}

/** What models think aloud is no answer. */
const THOUGHT = /<think>[\s\S]*?<\/think>/gi;

/** The JSON object that a text is, or that stands in it alone, in a code fence or between words; null where there is none. */
export function parseObject(said: string): Readonly<Record<string, unknown>> | null {
  const text = said.replaceAll(THOUGHT, "");
  const fenced = /```(?:json)?\s*([\s\S]*?)```/i.exec(text)?.[1];
  const braces = text.slice(Math.max(0, text.indexOf("{")), text.lastIndexOf("}") + 1);
  for (const candidate of [text, fenced, braces]) {
    const value = parsed(candidate ?? "");
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>; // an object, just checked
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not this one
  }
}
