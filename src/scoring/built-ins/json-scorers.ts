import { ScoringFault } from "../score.js";
import { type BuiltInCall, type Held, textOf } from "./built-in-scorer.js";

const FENCE = /^(?:`{3,}|~{3,})[^\n]*\n([\s\S]*?)\n?(?:`{3,}|~{3,})$/;

/** The answer's JSON text: the whole answer, or what its one code fence holds. */
function jsonText({ parameters, input }: BuiltInCall): string {
  const trimmed = input.output.text.trim();
  return (parameters["allowFenced"] === true ? FENCE.exec(trimmed)?.[1] : undefined) ?? trimmed;
}

/** Whether the whole answer is JSON. */
export function jsonValid(call: BuiltInCall): Held {
  try {
    JSON.parse(jsonText(call));
    return { holds: true, reason: "The answer is JSON." };
  } catch (error) {
    return { holds: false, reason: `The answer is not JSON: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

/** Whether the whole answer is JSON that meets the schema. */
export async function jsonSchema(call: BuiltInCall): Promise<Held> {
  const { problems } = await call.workers.run({ op: "schema", text: jsonText(call), other: schemaText(call.parameters["schema"]) }, call.signal);
  if (problems === null) return { holds: false, reason: "The answer is not JSON." };
  return problems.length === 0 ? { holds: true, reason: "The answer meets the schema." } : { holds: false, reason: `The answer does not meet the schema: ${problems.join("; ")}.`, metadata: { problems } };
}

/** A schema that a template made may be a JSON text. */
function schemaText(schema: unknown): string {
  const text = textOf(schema);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "boolean" || (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))) return text;
  } catch {
    // Refused below, like any other text that is no schema.
  }
  throw new ScoringFault("INVALID_PARAMETERS", "The parameter schema yields no JSON Schema: it must be an object, true or false.");
}
