import { ThresholdOperator } from "../metric.js";
import { type BuiltIn, binary, EXPECTED_VALUE, numeric, text } from "./built-in.js";

const FENCED = { type: "boolean", default: true, description: "Whether the JSON may stand in a Markdown code fence." } as const;

/** What form the answer has, how long it took, what it does. */
export const FORM_BUILT_INS: readonly BuiltIn[] = [
  binary({ name: "json_valid", title: "Valid JSON", description: "Whether the whole answer is JSON.", parameters: { allowFenced: FENCED } }),
  binary({
    name: "json_schema",
    title: "JSON Schema",
    description: "Whether the whole answer is JSON that meets a JSON Schema (2020-12). Formats are not checked.",
    parameters: { schema: { type: ["object", "boolean", "string"], description: "The schema, or a template that yields one, such as {{ metadata.schema }}." }, allowFenced: FENCED },
    required: ["schema"],
    verbatim: ["schema"],
  }),
  binary({
    name: "length",
    title: "Length",
    description: "Whether the answer's length is within bounds. Characters are Unicode code points; words are what white space separates; sentences follow the rules of the test's language.",
    parameters: {
      unit: { type: "string", enum: ["characters", "words", "sentences", "lines"], default: "characters", description: "What is counted." },
      min: { type: "integer", minimum: 0, description: "The least that passes." },
      max: { type: "integer", minimum: 0, description: "The most that passes." },
    },
    anyOf: ["min", "max"],
  }),
  binary({
    name: "refusal",
    title: "Refusal",
    description: "Whether the answer declines. To see that it does not, give negate.",
    parameters: { phrases: { type: "array", items: { type: "string", minLength: 1 }, minItems: 1, description: "Phrases of which one anywhere in the answer counts as declining, ignoring case; absent: common English ones at its beginning. May be templates over the test." } },
  }),
  binary({
    name: "tool_called",
    title: "Tool called",
    description: "Whether the answer's tool calls have one of the name, with the arguments where some are given. Calls are read in the forms of OpenAI, Anthropic and the AI SDK.",
    parameters: { name: text("The tool's name."), arguments: { type: "object", description: "Arguments that the call has, among others. Objects in it may have further keys; all else must be equal. Texts may be templates over the test." } },
    required: ["name"],
  }),
  numeric({
    name: "latency",
    title: "Latency",
    description: "How long the endpoint took to answer, in milliseconds, without waiting and retries.",
    minScore: 0,
    maxScore: null,
    thresholdOperator: ThresholdOperator.LTE,
    parameters: {},
  }),
  numeric({
    name: "numeric_difference",
    title: "Numeric difference",
    description: "How far the answer's number is from the expected one: the whole answer as a number, else the last number in it. An answer without a number fails without a score.",
    minScore: 0,
    maxScore: null,
    thresholdOperator: ThresholdOperator.LTE,
    parameters: { value: EXPECTED_VALUE },
  }),
  numeric({
    name: "assertions",
    title: "The test's own assertions",
    description:
      "The weighted share of the checks in the test's metadata.assertions that hold: a list of { type: a built-in's name, ...its parameters, threshold, thresholdOperator, weight }. metadata.assertions_threshold takes the threshold's place. A test without assertions is skipped.",
    threshold: 1,
    parameters: {},
  }),
];
