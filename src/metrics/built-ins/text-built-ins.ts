import { type BuiltIn, binary, EXPECTED_VALUE, FLAGS, IGNORE_CASE, type ParameterSchema, text } from "./built-in.js";

const VALUES: ParameterSchema = { type: ["array", "string"], items: { type: "string" }, minItems: 1, description: "The texts; each may be a template over the test. Or one template that yields a list, such as {{ metadata.keywords }}." };

/** Comparisons of the answer's text. Text is compared as it is unless a parameter says otherwise. */
export const TEXT_BUILT_INS: readonly BuiltIn[] = [
  binary({
    name: "equals",
    title: "Equals",
    description: "Whether the answer is the expected text.",
    parameters: { value: EXPECTED_VALUE, ignoreCase: IGNORE_CASE, trim: { type: "boolean", default: true, description: "Whether white space around both texts is left out." } },
  }),
  binary({ name: "contains", title: "Contains", description: "Whether the answer has the expected text anywhere in it.", parameters: { value: EXPECTED_VALUE, ignoreCase: IGNORE_CASE } }),
  binary({ name: "starts_with", title: "Starts with", description: "Whether the answer begins with the expected text.", parameters: { value: EXPECTED_VALUE, ignoreCase: IGNORE_CASE } }),
  binary({ name: "ends_with", title: "Ends with", description: "Whether the answer ends with the expected text.", parameters: { value: EXPECTED_VALUE, ignoreCase: IGNORE_CASE } }),
  binary({ name: "contains_any", title: "Contains any", description: "Whether the answer has at least one of the texts anywhere in it.", parameters: { values: VALUES, ignoreCase: IGNORE_CASE }, required: ["values"] }),
  binary({ name: "contains_all", title: "Contains all", description: "Whether the answer has all of the texts anywhere in it.", parameters: { values: VALUES, ignoreCase: IGNORE_CASE }, required: ["values"] }),
  binary({
    name: "regex",
    title: "Regular expression",
    description: "Whether the pattern matches anywhere in the answer. Matching takes linear time: no pattern can stall a worker; back-references and lookahead are refused.",
    parameters: { pattern: text("The pattern."), flags: FLAGS },
    required: ["pattern"],
  }),
  binary({
    name: "extracted_answer",
    title: "Extracted answer",
    description: "Extracts a part of the answer by a pattern and compares it with the expected one. An answer in which the pattern matches nothing fails.",
    parameters: {
      pattern: text("The pattern that finds the part."),
      flags: FLAGS,
      group: { type: "integer", minimum: 0, maximum: 100, default: 1, description: "The group of the pattern that is the part; 0 is the whole match." },
      pick: { type: "string", enum: ["last", "first"], default: "last", description: "Which match counts when there are several." },
      expected: text("The expected part.", { default: "{{ expected_response }}" }),
      expectedPattern: text("A pattern that extracts the expected part from `expected`, with the same flags, group and pick; absent: `expected` is the part."),
      as: { type: "string", enum: ["text", "number"], default: "text", description: "How parts are compared. As numbers, thousands separators, currency and trailing dots are ignored." },
      tolerance: { type: "number", minimum: 0, default: 0, description: "How far apart numbers may be and still be equal." },
    },
    required: ["pattern"],
  }),
];
