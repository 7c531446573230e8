import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAnswer } from "../../src/endpoints/answer-reading.js";
import { jsonPathProblem } from "../../src/endpoints/json-path.js";
import { createRedactor } from "../../src/endpoints/redaction.js";
import { placeholdersIn, renderMapping, templateValues } from "../../src/endpoints/request-mapping.js";
import { mapAnswer } from "../../src/endpoints/response-mapping.js";
import { escapeTemplate } from "../../src/templates.js";
import { variablesOf } from "./calling.js";

const anyText = fc.string({ unit: "binary" });
const render = (mapping: unknown, given: Parameters<typeof variablesOf>[0] = {}): unknown => renderMapping(mapping, templateValues(variablesOf(given)));

describe("renderMapping", () => {
  it("puts any text anywhere unchanged, whatever it looks like", () => {
    fc.assert(
      fc.property(anyText, anyText, (input, around) => {
        const literal = escapeTemplate(around);
        expect(render({ a: ["{{ input }}"], b: `${literal}{{ input }}${literal}` }, { input })).toEqual({ a: [input], b: `${around}${input}${around}` });
      }),
    );
  });

  it("leaves JSON without placeholders as it is, and keeps the types of values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes("{{"));
        expect(render(value)).toEqual(value);
        expect(render({ v: "{{ params.v }}", w: "{{params.w}}" }, { params: { v: value, w: [value] } })).toEqual({ v: value, w: [value] });
      }),
    );
  });

  it("takes each variable with its type, and text elsewhere", () => {
    const given = { expectedResponse: "e", context: ["c1", "c2"], metadata: { n: 1, o: { p: [2] } }, params: { t: 0.5 }, sessionId: "s", testKey: "k", languageCode: "de", trial: 2 };
    const names = ["input", "expected_response", "context", "metadata.n", "metadata.o.p", "params.t", "session_id", "messages", "turn", "test_id", "test_key", "run_id", "result_id", "trial", "language_code"];
    const rendered = render(Object.fromEntries(names.map((name) => [name, `{{ ${name} }}`])), given);
    expect(rendered).toEqual({ input: "hello", expected_response: "e", context: ["c1", "c2"], "metadata.n": 1, "metadata.o.p": [2], "params.t": 0.5, session_id: "s", messages: [{ role: "user", content: "hello" }], turn: 1, test_id: "test-id", test_key: "k", run_id: "run-id", result_id: "result-id", trial: 2, language_code: "de" });
    expect(render("{{ context }} in turn {{ turn }} for {{ expected_response }}!", {})).toBe("[] in turn 1 for !");
  });

  it("leaves the key of an unknown session out, at every depth, and spreads messages into a list", () => {
    const mapping = { id: "{{ session_id }}", deep: { id: "s-{{ session_id }}", keep: 1 }, list: ["{{ session_id }}", "{{ input }}"], messages: [{ role: "system", content: "x" }, "{{ messages }}"], nested: ["{{ context }}"] };
    expect(render(mapping, { context: ["c"] })).toEqual({ deep: { keep: 1 }, list: ["hello"], messages: [{ role: "system", content: "x" }, { role: "user", content: "hello" }], nested: [["c"]] });
    expect(render({ id: '{{ session_id | default("new") }}' })).toEqual({ id: "new" });
    expect(render("{{ session_id }}")).toBeUndefined();
  });

  it("never reads a value as a template, and takes only own properties", () => {
    expect(render({ a: "{{ params.a }}" }, { params: { a: "{{ input }}" } })).toEqual({ a: "{{ input }}" });
    expect(() => render({ a: "{{ metadata.constructor }}" })).toThrow("metadata.constructor");
    expect(render(JSON.parse('{"__proto__": "{{ input }}"}'))).toEqual(JSON.parse('{"__proto__": "hello"}'));
  });

  it("finds placeholders in keys, too", () => {
    expect(placeholdersIn({ "{{ input }}": ["{{ turn }}"] }).map(({ variable }) => variable)).toEqual(["input", "turn"]);
    expect(render({ "q{{ turn }}": 1 })).toEqual({ q1: 1 });
  });
});

describe("mapAnswer", () => {
  const read = (document: unknown, output: string): string => mapAnswer({ document, isStream: false }, { output }).output;

  it("gives a text as it is and anything else as compact JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(value !== null);
        expect(read({ output: value }, "$.output")).toBe(typeof value === "string" ? value : JSON.stringify(value));
      }),
    );
  });

  it("gives several matches as a list, and one as itself", () => {
    expect(read([{ text: "a" }, { text: "b" }], "$[*].text")).toBe('["a","b"]');
    expect(read([{ text: "a" }], "$[*].text")).toBe("a");
    expect(read({ a: { text: "x" } }, "$..text")).toBe("x");
    expect(read([{ text: "a" }, { text: "b" }], "$[-1].text")).toBe("b");
  });
});

describe("readAnswer", () => {
  it("reads the events of any split of lines, and survives any body", () => {
    fc.assert(fc.property(fc.array(fc.jsonValue()), fc.constantFrom("\n", "\r\n", "\r"), (values, newline) => {
      const objects = values.map((value) => ({ value }));
      const body = objects.map((object) => `data: ${JSON.stringify(object)}${newline}${newline}`).join("");
      expect(readAnswer(body, "text/event-stream", false)).toEqual({ document: JSON.parse(JSON.stringify(objects)), isStream: true });
      const lines = objects.map((object) => `${JSON.stringify(object)}${newline}`).join("");
      expect(readAnswer(lines, "application/x-ndjson", false)).toEqual({ document: JSON.parse(JSON.stringify(objects)), isStream: true });
    }));
    fc.assert(fc.property(anyText, (body) => {
      readAnswer(body, "text/event-stream", false);
      readAnswer(body, null, false);
    }));
  });
});

describe("jsonPathProblem", () => {
  it.each(["$", "$.a.b[0].c", "$['a b'][-1]", "$..text", "$[?@.from == 'bot' && @.n > 1].text", "$[?length(@.a) > 2]", "$[?@.a == $.b]", "$[1:3]", "$[?count(@.*) == 1]"])("accepts %s", (path) => {
    expect(jsonPathProblem(path)).toBeNull();
  });
  it.each(["", "a", "$.", "$.a[", "$[?match(@.a, 'x')]", "$[?!search(@.a, '(a+)+$')]", "$[?(match(@.a, 'x') || @.b)]", "$[?@[?match(@, 'x')]]", "$..a..b..c", "$[?@..a]", "$[?count($[*]) > 1]", "$[?$[?@.a]]", `$.${"a".repeat(500)}`])("refuses %s", (path) => {
    expect(jsonPathProblem(path)).toEqual(expect.any(String));
  });
});

describe("createRedactor", () => {
  it("leaves no secret in any text or key, and everything else as it is", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, unit: "grapheme" }), fc.jsonValue(), (secret, value) => {
        fc.pre(secret.trim() !== "" && !JSON.stringify(value).includes(secret));
        const redactor = createRedactor([secret]);
        const cleaned = redactor.value({ [`a ${secret} b`]: [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64"), value] });
        const texts: string[] = [];
        JSON.stringify(cleaned, (key, each: unknown) => (texts.push(key, typeof each === "string" ? each : ""), each));
        for (const text of texts) expect(text).not.toContain(secret);
      }),
    );
    const value = { a: [1, null, true, "text"], b: {} };
    expect(createRedactor([]).value(value)).toBe(value);
    expect(createRedactor(["not in it"]).value(value)).toEqual(value);
  });
});
