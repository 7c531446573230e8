import { escapeTemplate, missingFrom, parseTemplate, renderText } from "../../templates.js";
import type { Cells } from "./import-format.js";
import { ExactNumber, isObject } from "./import-format.js";
import { CellFault } from "./import-values.js";

const PIECE = /\{\{([\s\S]*?)\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g;
const VARIABLE = /^-?\s*([\p{L}_$][\p{L}\p{N}_$.\-[\]]*)\s*-?$/u;

/**
 * promptfoo's template as one of ours over `metadata.vars`: plain variables alone. Its language, Nunjucks, runs code;
 * what needs that is refused.
 */
export function translateTemplate(text: string): string {
  let translated = "";
  let position = 0;
  for (const match of text.matchAll(PIECE)) {
    const name = VARIABLE.exec(match[1]?.trim() ?? "")?.[1];
    if (name === undefined) throw new CellFault(`The template runs code: ${excerpt(match[0])}. Only plain variables such as {{ name }} are filled in.`);
    translated += `${escapeTemplate(text.slice(position, match.index))}{{ metadata.vars.${name.replaceAll(/\[["']?([^\]"']*)["']?\]/g, ".$1")} }}`;
    position = match.index + match[0].length;
  }
  return translated + escapeTemplate(text.slice(position));
}

/** promptfoo's template filled with the variables. All of them must be there: an empty place would change the question. */
export function renderPromptfoo(text: string, vars: Cells): string {
  const { template, problems } = parseTemplate(translateTemplate(text));
  if (problems[0] !== undefined) throw new CellFault(problems[0]);
  const values = { metadata: { vars: asWritten(vars) } };
  const missing = missingFrom(template, values).map((name) => name.replace("metadata.vars.", ""));
  if (missing.length > 0) throw new CellFault(`The template names ${missing.map((name) => `"${name}"`).join(", ")}, which the row does not have. Its variables are ${Object.keys(vars).join(", ")}.`);
  return renderText(template, values);
}

/** Numbers as texts where they were written in another way than they would be. */
function asWritten(value: unknown): unknown {
  if (value instanceof ExactNumber) return value.source;
  if (Array.isArray(value)) return value.map(asWritten);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asWritten(inner)])) : value;
}

function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
