import { describe, expect, it } from "vitest";
import { CellFault } from "../../../src/test-sets/importing/import-values.js";
import { RowFault } from "../../../src/test-sets/importing/plain-rows.js";
import { convertAssertion, readAssertion } from "../../../src/test-sets/importing/promptfoo-assertions.js";
import { configOf } from "../../../src/test-sets/importing/promptfoo-config.js";
import { parseExpected } from "../../../src/test-sets/importing/promptfoo-expected.js";
import { mapPromptfooRow } from "../../../src/test-sets/importing/promptfoo-rows.js";
import { renderPromptfoo, translateTemplate } from "../../../src/test-sets/importing/promptfoo-templates.js";

const reader = { textCells: false, onNumber: () => undefined };
const map = (cells: Record<string, unknown>, document: Record<string, unknown> = {}, choices: [string, string][] = []) =>
  mapPromptfooRow(cells, { config: configOf({ prompts: [], ...document }) ?? { prompts: [], defaultTest: {} }, choices: new Map(choices) as never, reader, setType: null });

describe("an __expected cell", () => {
  it.each([
    ["Hello", { type: "equals", value: "Hello", trim: false }],
    [" Hello: you", { type: "equals", value: " Hello: you", trim: false }],
    ["equals: Hello", { type: "equals", value: "Hello", trim: false }],
    ["not-contains:  bad ", { type: "contains", value: "bad", negate: true }],
    ["contains-any: a, b,c", { type: "contains_any", values: ["a", "b", "c"] }],
    ["icontains-all:a", { type: "contains_all", values: ["a"], ignoreCase: true }],
    ["starts-with:Hi", { type: "starts_with", value: "Hi" }],
    ["regex:^\\d+:x", { type: "regex", pattern: "^\\d+:x" }],
    ["is-json", { type: "json_valid", allowFenced: false }],
    ['is-json:{"type":"object"}', { type: "json_schema", schema: { type: "object" }, allowFenced: false }],
    ["levenshtein(3):Paris", { type: "levenshtein", value: "Paris", as: "distance", threshold: 3 }],
    ["not-levenshtein(3):Paris", { type: "levenshtein", value: "Paris", as: "distance", threshold: 3, thresholdOperator: "GT" }],
    ["rouge-n:a b", { type: "rouge_n", value: "a b", threshold: 0.75 }],
    ["not-bleu(0.2):a b", { type: "bleu", value: "a b", threshold: 0.2, thresholdOperator: "LT" }],
    ["latency(500)", { type: "latency", threshold: 500 }],
    ["word-count:12", { type: "length", unit: "words", min: 12, max: 12 }],
    ["not-is-refusal", { type: "refusal", negate: true }],
    ["grade:is polite to {{ name }}", { type: "llm_judge", evaluationPrompt: "is polite to {{ metadata.vars.name }}" }],
    ["not-llm-rubric(0.5):is rude", { type: "llm_judge", evaluationPrompt: "is rude", threshold: 0.5, negate: true }],
    ["equals:{{ unclosed", { type: "equals", value: '{{ "{{" }} unclosed', trim: false }],
  ])("%j becomes %j", (cell, assertion) => {
    expect(convertAssertion(parseExpected(cell))).toEqual(assertion);
  });

  it.each(["javascript: output.length > 3", "python: x", "fn: x", "not-webhook: http://x", "similar(0.8):Hello", "contains-json", "regex:(?=x)", "contains:file://x.txt", "latency", "contains:{{ x | upper }}", "llm-rubric:{% if x %}", "word-count: few", "is-json:[1]", "contains-any:"])("%j is refused", (cell) => {
    expect(() => convertAssertion(parseExpected(cell))).toThrow(CellFault);
  });
});

describe("an assertion of JSON or YAML", () => {
  it("keeps weight, threshold and name", () => {
    expect(convertAssertion(readAssertion({ type: "contains", value: 42, weight: 2, metric: "tone" }))).toEqual({ type: "contains", value: "42", weight: 2, metric: "tone" });
    expect(convertAssertion(readAssertion({ type: "word-count", value: { max: 3 } }))).toEqual({ type: "length", unit: "words", max: 3 });
    expect(convertAssertion(readAssertion({ type: "contains-all", value: ["a,b", "c"] }))).toEqual({ type: "contains_all", values: ["a,b", "c"] });
  });

  it.each([[{ value: "x" }], [{ type: "contains", value: "x", transform: "output.x" }], [{ type: "contains", value: { a: 1 } }], [{ type: "assert-set", assert: [] }], ["contains"], [{ type: "equals" }], [{ type: "contains", value: "x", weight: "heavy" }]])("%j is refused", (item) => {
    expect(() => convertAssertion(readAssertion(item))).toThrow(CellFault);
  });
});

describe("a test of promptfoo's", () => {
  it("is made for each prompt and each combination of lists, with the defaults laid under it", () => {
    const { patches } = map(
      { vars: { lang: ["de", "fr"], text: "hi" }, assert: [{ type: "equals", value: "{{text}}" }], metadata: { m: 1 } },
      { prompts: ["{{lang}}: {{ text }}", { raw: "Again {{text}} in {{lang}} for {{ who }}" }], defaultTest: { vars: { who: "you", text: "no" }, assert: [{ type: "is-json" }], threshold: 0.5, metadata: { d: 2 }, options: { prefix: "> ", suffix: " <" } } },
    );
    expect(patches.map(({ prompt }) => prompt?.content)).toEqual(["> de: hi <", "> Again hi in de for you <", "> fr: hi <", "> Again hi in fr for you <"]);
    expect(patches[0]?.metadata).toEqual({ m: 1, d: 2, vars: { who: "you", text: "hi", lang: "de" }, assertions: [{ type: "json_valid", allowFenced: false }, { type: "equals", value: "{{ metadata.vars.text }}", trim: false }], assertions_threshold: 0.5 });
  });

  it("takes the fields that `columns` names from its variables, and nothing else by their names", () => {
    const { patches } = map({ vars: { question: "q", answer: "a", behavior: "b", id: 7 } }, {}, [["prompt", "question"], ["expected_response", "answer"], ["key", "id"]]);
    expect(patches[0]).toMatchObject({ prompt: { content: "q", expectedResponse: "a" }, key: "7", behavior: undefined });
  });

  it("is refused where only some of its prompts are here, rather than half imported", () => {
    for (const elsewhere of ["file://prompt.txt", "more.json", { label: "by a function" }]) expect(() => map({ vars: { a: "x" } }, { prompts: ["{{ a }}", elsewhere, "again {{ a }}"] })).toThrow("1 of the 3 prompts are in other files. Write all of them here, or take those away.");
  });

  it("sends the user's message of a prompt that is a chat", () => {
    const { patches } = map({ vars: { q: "why" } }, { prompts: ['[{"role": "system", "content": "s"}, {"role": "user", "content": "{{ q }}?"}]'] });
    expect(patches[0]).toMatchObject({ prompt: { content: "why?" }, metadata: { messages: [{ role: "system" }, { role: "user" }] } });
  });

  it.each([
    ["without a template", { vars: { a: "x" } }, {}], ["with prompts in another file", { vars: { a: "x" } }, { prompts: ["file://prompt.txt"] }], ["with a variable that is not there", { vars: { a: "x" } }, { prompts: ["{{ b }}"] }], ["with a template that runs code", { vars: { a: "x" } }, { prompts: ["{{ a | upper }}"] }],
    ["with a variable in another file", { vars: { a: "file://x.txt" } }, { prompts: ["{{ a }}"] }], ["with a transform", { vars: {}, options: { transform: "x" } }, { prompts: ["p"] }], ["with too many combinations", { vars: { a: Array.from({ length: 1001 }, String) } }, { prompts: ["{{ a }}"] }], ["with variables in another file", { vars: "file://vars.yaml", assert: [] }, { prompts: ["p"] }],
  ])("%s is refused", (_, cells, document) => {
    expect(() => map(cells, document)).toThrow(RowFault);
  }); // prettier-ignore
});

describe("templates", () => {
  it("name variables as metadata, and leave other text as it is", () => {
    expect(translateTemplate("a {{x}} {{- y.z[0] -}} { {b} }} {{c")).toBe('a {{ metadata.vars.x }} {{ metadata.vars.y.z.0 }} { {b} }} {{ "{{" }}c');
  });

  it("insert values as they are, braces and all", () => {
    expect(renderPromptfoo("{{a}}|{{b.c}}|{{d}}|{{e.0}}", { a: "{{b}} {% x %}", b: { c: 1.5 }, d: { k: [1] }, e: ["f"] })).toBe('{{b}} {% x %}|1.5|{"k":[1]}|f');
  });
});
