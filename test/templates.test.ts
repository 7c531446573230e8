import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeTemplate, missingFrom, parseTemplate, placeholderName, placeholdersOf, renderText, renderValue, type TemplateValues } from "../src/templates.js";

function render(text: string, values: TemplateValues): unknown {
  const { template, problems } = parseTemplate(text);
  expect(problems).toEqual([]);
  return renderValue(template, values);
}

describe("a template", () => {
  it("yields a text without placeholders as it is", () => {
    for (const text of ["", "42", '{"a":1}', "x , ]", "}} {", "a { b } c"]) expect(render(text, {})).toBe(text);
  });

  it("that is only a placeholder yields the value with its type", () => {
    expect(render("{{ turn }}", { turn: 3 })).toBe(3);
    expect(render("{{context}}", { context: ["a"] })).toEqual(["a"]);
    expect(render("{{ metadata }}", { metadata: { a: 1 } })).toEqual({ a: 1 });
    expect(render("{{ session_id }}", {})).toBeUndefined();
    expect(render("{{ input }}", { input: "" })).toBe("");
  });

  it("yields a text when anything stands beside a placeholder", () => {
    expect(render("{{ turn }}.", { turn: 3 })).toBe("3.");
    expect(render("<{{ input }}|{{ session_id }}>", { input: "hi" })).toBe("<hi|>");
    expect(render(" {{ metadata.a }}", { metadata: { a: { b: [1, null] } } })).toBe(' {"b":[1,null]}');
  });

  it("reads properties by their exact name, then by the names between dots, and only own ones", () => {
    const metadata = { "a.b": "exact", a: { b: "nested", c: "deep" }, "Expected Answer": "yes" };
    expect(render("{{ metadata.a.b }}", { metadata })).toBe("exact");
    expect(render("{{ metadata.a.c }}", { metadata })).toBe("deep");
    expect(render("{{ metadata.Expected Answer }}", { metadata })).toBe("yes");
    expect(render("{{ metadata.constructor }}", { metadata })).toBeUndefined();
    expect(render("{{ metadata.a.toString }}", { metadata })).toBeUndefined();
  });

  it("takes the default where the value is absent or null, and not where it is empty", () => {
    expect(render('{{ language_code | default("en") }}', {})).toBe("en");
    expect(render("{{ language_code|default('e\\'n') }}", { language_code: null })).toBe("e'n");
    expect(render('{{ params.n | default( 2 ) }}', { params: {} })).toBe(2);
    expect(render('{{ input | default("x") }}', { input: "" })).toBe("");
    expect(render('{{ input | default("a }} | b") }}', {})).toBe("a }} | b");
  });

  it("never reads a value as a template", () => {
    expect(render("{{ input }}!", { input: "{{ expected_response }}", expected_response: "secret" })).toBe("{{ expected_response }}!");
  });

  it("names what is unknown and has no default", () => {
    const { template } = parseTemplate('{{ input }} {{ metadata.x }} {{ params.y | default("") }}');
    expect(missingFrom(template, { input: "a", metadata: {} })).toEqual(["metadata.x"]);
    expect(placeholdersOf(template).map(placeholderName)).toEqual(["input", "metadata.x", "params.y"]);
  });

  it("lists every problem", () => {
    const { problems } = parseTemplate('{{ inptu }} {{ input.x }} {{ input | upper }} {{ metadata. }} {{ }} {{ input | default([1]) }} {{ input');
    expect(problems).toHaveLength(7);
    expect(problems[0]).toContain('There is no variable "inptu"');
    expect(problems[2]).toContain('"upper" is not a filter');
    expect(problems[6]).toContain("is not closed");
  });

  it("escaped from any text yields that text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("{", "}", '"', "a", " ", "\\", "|") }), (text) => {
        const { template, problems } = parseTemplate(escapeTemplate(text));
        expect(problems).toEqual([]);
        expect(renderText(template, {})).toBe(text);
      }),
    );
  });

  it("is parsed in linear time", () => {
    const started = performance.now();
    for (const unit of ["{{", "{{ input", "{{ ' }}", "{{ input }}"]) parseTemplate(unit.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(20_000); // in quadratic time it would take many minutes
  });
});
