import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Problem } from "../errors.js";
import { patternProblem } from "../patterns.js";
import { constantText, parseTemplate } from "../templates.js";
import type { BuiltIn } from "./built-ins/built-in.js";
import { parametersSchema, templateTexts, withDefaults } from "./built-ins/catalog.js";

/** Parameters that hold patterns, whatever the built-in. */
const PATTERNS: ReadonlySet<string> = new Set(["pattern", "expectedPattern"]);

/** Compiling a schema takes about a millisecond for each kilobyte, and the request waits for it. */
const MAX_SCHEMA_LENGTH = 100_000;

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>();

/** All that is wrong with a built-in's parameters: their shape, their templates, their patterns, their schema. */
export function parameterProblems(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>, field: string): Problem[] {
  return [...shapeProblems(builtIn, parameters, field), ...textProblems(builtIn, parameters, field), ...boundsProblems(parameters, field), ...schemaProblems(builtIn, parameters, field)];
}

/** What is wrong with the shape of a built-in's parameters, by its JSON Schema. */
export function shapeProblems(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>, field: string): Problem[] {
  const validate = validators.get(builtIn.name) ?? ajv.compile(parametersSchema(builtIn));
  validators.set(builtIn.name, validate);
  if (validate(parameters)) return [];
  // The alternatives of `anyOf` fail together with it, and it says it better.
  const errors = (validate.errors ?? []).filter((error) => !error.schemaPath.startsWith("#/anyOf/"));
  return errors.map((error) => shapeProblem(builtIn, error, field));
}

function shapeProblem(builtIn: BuiltIn, error: ErrorObject, field: string): Problem {
  const path = [field, ...error.instancePath.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))];
  const params = error.params as Record<string, unknown>; // ajv documents one shape for each keyword
  if (error.keyword === "additionalProperties") {
    return { field: [...path, params["additionalProperty"]].join("."), message: `${builtIn.name} has no such parameter. It takes ${Object.keys(builtIn.parameters).join(", ")}.` };
  }
  if (error.keyword === "anyOf") return { field: path.join("."), message: `It needs ${builtIn.anyOf.join(" or ")}.` };
  if (error.keyword === "required") return { field: [...path, params["missingProperty"]].join("."), message: "It is needed." };
  const allowed = Array.isArray(params["allowedValues"]) ? `: ${params["allowedValues"].join(", ")}` : "";
  return { field: path.join("."), message: `It ${error.message ?? "is wrong"}${allowed}.` };
}

function textProblems(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>, field: string): Problem[] {
  const { flags, group } = withDefaults(builtIn, parameters);
  return templateTexts(builtIn, parameters).flatMap(({ path, text }) => {
    const { template, problems } = parseTemplate(text);
    if (problems.length > 0) return problems.map((message) => ({ field: `${field}.${path}`, message }));
    // A pattern with placeholders is known only with the test; a wrong one then ends in INVALID_PARAMETERS. Wrong flags are the schema's to say.
    const pattern = constantText(template);
    if (!PATTERNS.has(path) || pattern === null) return [];
    const problem = patternProblem(pattern, typeof flags === "string" && /^[ims]*$/.test(flags) ? flags : "", typeof group === "number" ? group : 0);
    return problem === null ? [] : [{ field: `${field}.${path}`, message: problem }];
  });
}

/** Bounds that no answer could keep. */
function boundsProblems({ min, max }: Readonly<Record<string, unknown>>, field: string): Problem[] {
  return typeof min === "number" && typeof max === "number" && min > max ? [{ field: `${field}.min`, message: `It may not be over max (${max}); it is ${min}.` }] : [];
}

/** What is wrong with a parameter that is itself a JSON Schema. */
function schemaProblems(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>, field: string): Problem[] {
  const { schema } = parameters;
  if (!builtIn.verbatim.includes("schema") || typeof schema !== "object" || schema === null) return [];
  const wrong = (message: string): Problem[] => [{ field: `${field}.schema`, message }];
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) return wrong(`A schema may have ${MAX_SCHEMA_LENGTH} characters.`);
  try {
    // Without its dialect: ajv would look for it, and it is read as 2020-12 in any case.
    const plain = Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$schema"));
    new Ajv2020({ strict: false, validateFormats: false }).compile(plain);
    return [];
  } catch (error) {
    return wrong(`It is no JSON Schema (2020-12): ${error instanceof Error ? error.message : String(error)}.`);
  }
}
