import { type Answer, ResponseMappingError } from "./response-mapping.js";

const NDJSON = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines|stream\+json|json-seq)$/;
const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json$/;

/**
 * Reads an answer's body by its content type: JSON, newline-delimited JSON, server-sent events, or text. A body that
 * is called text, or nothing, is read as JSON where it is JSON, unless `wantsText` says that the mapping takes it whole.
 * Throws ResponseMappingError when it is not what its type says.
 */
export function readAnswer(body: string, contentType: string | null, wantsText: boolean): Answer {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "text/event-stream") return { document: eventsOf(body).map(jsonOrText), isStream: true };
  if (NDJSON.test(type)) return { document: linesOf(body), isStream: true };
  if (JSON_TYPE.test(type)) return { document: body.trim() === "" ? null : parseJson(body, "The answer"), isStream: false };
  return { document: wantsText ? body : jsonOrText(body), isStream: false };
}

/** The JSON value of a text that is one, else the text. A bare number or word stays text: only objects and lists are surely meant as JSON. */
export function jsonOrText(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // text that begins with a bracket
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ResponseMappingError(`${what} says that it is JSON and is not: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function linesOf(body: string): unknown[] {
  const lines = body.split(/\r\n|\n|\r|\u001e/).filter((line) => line.trim() !== "" && line.trim() !== "[DONE]"); // U+001E begins the records of json-seq
  return lines.map((line, index) => parseJson(line, `Line ${index + 1} of the answer`));
}

/** The data of server-sent events, as the HTML standard reads them; an unfinished last event counts, `[DONE]` does not. */
function eventsOf(body: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  const finish = (): void => {
    const text = data.join("\n");
    if (data.length > 0 && text !== "[DONE]") events.push(text);
    data = [];
  };
  for (const line of body.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)) {
    if (line === "") finish();
    else if (line.startsWith("data:")) data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
    else if (line === "data") data.push("");
  }
  finish();
  return events;
}
