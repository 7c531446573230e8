import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import { storableText } from "../db/index.js";
import { canonicalJson } from "../endpoints/index.js";
import type { Problem } from "../errors.js";
import { nameProblems } from "../texts.js";
import type { ExperimentTable, ExperimentVersionTable } from "./experiment.table.js";

/** Parameters by name; null is a value like any other. */
export type ParameterValues = Readonly<Record<string, unknown>>;

/** A named series of versions of parameters. */
export type Experiment = Selectable<ExperimentTable>;

/** Parameters as they were committed once; they never change. */
export type ExperimentVersion = Selectable<ExperimentVersionTable>;

/** Each run keeps its values, and every call fills templates with them. */
const MAX_VALUES_BYTES = 64 * 1024;
const MAX_DEPTH = 32;
const MAX_TEXT_LENGTH = 10_000;

/** The values with the changes laid over them: a name in both takes the change's value whole, null included. */
export function overlay(values: ParameterValues, changes: ParameterValues): ParameterValues {
  return { ...values, ...changes };
}

/** SHA-256 over the canonical JSON of the values: equal values have equal hashes, in whatever order their names stand. */
export function valuesHash(values: ParameterValues): string {
  return createHash("sha256").update(canonicalJson(values)).digest("hex");
}

/** What is wrong with parameters: nested too deep, not storable, too large. */
export function valuesProblems(field: string, values: ParameterValues): Problem[] {
  const inside = insideProblems(field, values);
  if (inside.length > 0) return inside;
  const bytes = Buffer.byteLength(JSON.stringify(values));
  return bytes <= MAX_VALUES_BYTES ? [] : [{ field, message: `They may take ${MAX_VALUES_BYTES} bytes as JSON, together with those that they are laid over; they take ${bytes}.` }];
}

/** Walks level by level, not by recursion: how deep a caller nests must not decide how deep our stack goes. */
function insideProblems(field: string, values: ParameterValues): Problem[] {
  const problems: Problem[] = [];
  let level: readonly Place[] = [{ path: field, value: values }];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return [...problems, { field, message: `They may be nested ${MAX_DEPTH} levels deep.` }];
    problems.push(...level.flatMap(placeProblems));
    level = level.flatMap(({ path, value }) => (typeof value === "object" && value !== null ? Object.entries(value).map(([key, inner]) => ({ path: `${path}.${key}`, value: inner as unknown })) : []));
  }
  return problems;
}

/** A value inside parameters, with its path. */
interface Place {
  readonly path: string;
  readonly value: unknown;
}

function placeProblems({ path, value }: Place): Problem[] {
  if (typeof value === "string") return textProblems(path, value, MAX_VALUES_BYTES);
  if (typeof value === "number" && !Number.isFinite(value)) return [{ field: path, message: "The number is beyond what JSON can hold." }];
  if (typeof value !== "object" || value === null) return [];
  const odd = Object.keys(value).filter((key) => storableText(key) !== key);
  return odd.map(() => ({ field: path, message: "A name in it has a character that cannot be stored: NUL, or half of a surrogate pair." }));
}

function textProblems(field: string, text: string, maxLength: number): Problem[] {
  if (text.length > maxLength) return [{ field, message: `It may have ${maxLength} characters; it has ${text.length}.` }];
  return storableText(text) === text ? [] : [{ field, message: "It has a character that cannot be stored: NUL, or half of a surrogate pair." }];
}

/** What is wrong with the texts of an experiment or of a version. */
export function wordingProblems(texts: { name?: string; description?: string | null | undefined; message?: string | null | undefined }): Problem[] {
  const { name, description, message } = texts;
  return [
    ...(name === undefined ? [] : nameProblems("input.name", name)),
    ...(description == null ? [] : textProblems("input.description", description, MAX_TEXT_LENGTH)),
    ...(message == null ? [] : textProblems("input.message", message, MAX_TEXT_LENGTH)),
  ];
}
