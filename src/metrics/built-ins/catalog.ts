import { parseTemplate, placeholdersOf } from "../../templates.js";
import type { BuiltIn } from "./built-in.js";
import { FORM_BUILT_INS } from "./form-built-ins.js";
import { MODEL_BUILT_INS } from "./model-built-ins.js";
import { SIMILARITY_BUILT_INS } from "./similarity-built-ins.js";
import { TEXT_BUILT_INS } from "./text-built-ins.js";

/** The metrics that ship with the gateway, in the order of the documentation. */
export const CATALOG: readonly BuiltIn[] = [...TEXT_BUILT_INS, ...FORM_BUILT_INS, ...SIMILARITY_BUILT_INS, ...MODEL_BUILT_INS];

const BY_NAME: ReadonlyMap<string, BuiltIn> = new Map(CATALOG.map((builtIn) => [builtIn.name, builtIn]));

/** The built-in of that name, or null. */
export function findBuiltIn(name: string): BuiltIn | null {
  return BY_NAME.get(name) ?? null;
}

/** The built-in as it is with these parameters: some of them change what its score means. */
export function variantOf(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>): BuiltIn {
  const { variant } = builtIn;
  return variant === null || parameters[variant.parameter] !== variant.value ? builtIn : { ...builtIn, ...variant.score };
}

/** The JSON Schema (2020-12) of a built-in's parameters. */
export function parametersSchema(builtIn: BuiltIn): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: builtIn.parameters,
    ...(builtIn.required.length === 0 ? {} : { required: builtIn.required }),
    ...(builtIn.anyOf.length === 0 ? {} : { anyOf: builtIn.anyOf.map((name) => ({ required: [name] })) }),
    additionalProperties: false,
  };
}

/** The parameters with the defaults of those that were not given. */
export function withDefaults(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const defaults = Object.entries(builtIn.parameters).flatMap(([name, schema]) => (schema["default"] === undefined ? [] : [[name, schema["default"]] as const]));
  return { ...Object.fromEntries(defaults), ...parameters };
}

/**
 * The texts of the parameters that are templates, with their paths: texts and lists of texts at any depth, but for
 * the parameters that are objects of their own language (a JSON Schema).
 */
export function templateTexts(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>): readonly { readonly path: string; readonly text: string }[] {
  return Object.entries(parameters).flatMap(([name, value]) => (builtIn.verbatim.includes(name) && typeof value !== "string" ? [] : textsOf(name, value)));
}

function textsOf(path: string, value: unknown): { path: string; text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsOf(`${path}.${key}`, inner));
}

/** Whether a built-in with these parameters needs the test's expected response: a template names it and has no default for it. */
export function needsGroundTruth(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>): boolean {
  return templateTexts(builtIn, withDefaults(builtIn, parameters)).some(({ text }) =>
    placeholdersOf(parseTemplate(text).template).some((placeholder) => placeholder.variable === "expected_response" && placeholder.fallback === undefined),
  );
}
