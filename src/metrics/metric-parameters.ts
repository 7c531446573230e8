import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Problem } from "../errors.js";
import { patternProblem } from "../patterns.js";
import { parseTemplate, placeholdersOf } from "../templates.js";
import type { BuiltIn } from "./built-ins/built-in.js";
import { parametersSchema, templateTexts, withDefaults } from "./built-ins/catalog.js";

/** Parameters that hold patterns, whatever the built-in. */
const PATTERNS: ReadonlySet<string> = new Set(["pattern", "expectedPattern"]);

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>();

/** All that is wrong with a built-in's parameters: their shape, their templates, their patterns. */
export function parameterProblems(builtIn: BuiltIn, parameters: Readonly<Record<string, unknown>>, field: string): Problem[] {
  const validate = validators.get(builtIn.name) ?? ajv.compile(parametersSchema(builtIn));
  validators.set(builtIn.name, validate);
  const shape = validate(parameters) ? [] : (validate.errors ?? []).map((error) => shapeProblem(builtIn, error, field));
  return [...shape, ...textProblems(builtIn, parameters, field)];
}

function shapeProblem(builtIn: BuiltIn, error: ErrorObject, field: string): Problem {
  const path = [field, ...error.instancePath.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))];
  const params = error.params as Record<string, unknown>; // ajv documents one shape for each keyword
  if (error.keyword === "additionalProperties") {
    return { field: [...path, params["additionalProperty"]].join("."), message: `${builtIn.name} has no such parameter. It takes ${Object.keys(builtIn.parameters).join(", ")}.` };
  }
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
    if (!PATTERNS.has(path) || placeholdersOf(template).length > 0) return [];
    const problem = patternProblem(template.parts.join(""), typeof flags === "string" && /^[ims]*$/.test(flags) ? flags : "", typeof group === "number" ? group : 0);
    return problem === null ? [] : [{ field: `${field}.${path}`, message: problem }];
  });
}
