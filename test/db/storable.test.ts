import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { storableJson, storableText } from "../../src/db/index.js";

/** Any code unit, also NUL and lone surrogates. ("binary" takes seconds to set up.) */
const codeUnit = fc.oneof(fc.constantFrom("\u0000", "\ud83d", "\ude00"), fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)));
const HIGH = "\ud83d";
const LOW = "\ude00";

describe("storableText", () => {
  it("replaces NUL and halves of surrogate pairs, and nothing else", () => {
    expect(storableText(`a\u0000b${HIGH}c${LOW}d${HIGH}${LOW}e\u0001\ufffe\r\n`)).toBe(`a\ufffdb\ufffdc\ufffdd😀e\u0001\ufffe\r\n`);
    fc.assert(
      fc.property(fc.string({ unit: codeUnit }), (text) => {
        expect(storableText(text)).toBe(text.replace(/\u0000|\p{Surrogate}/gu, "\ufffd"));
      }),
    );
  });
});

describe("storableJson", () => {
  it("is the value's JSON when PostgreSQL can hold it", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      fc.pre(!JSON.stringify(value).includes("\\u"));
      expect(storableJson(value)).toBe(JSON.stringify(value));
    }));
  });

  it("replaces what PostgreSQL refuses in values and in keys, at every depth, and keeps order and lists", () => {
    const value = { "k\u0000": [{ [HIGH]: `x${LOW}`, fine: [null, true, 1.5, ["\u0000"]] }], z: 1, a: 2 };
    expect(storableJson(value)).toBe('{"k\ufffd":[{"\ufffd":"x\ufffd","fine":[null,true,1.5,["\ufffd"]]}],"z":1,"a":2}');
  });

  it("never leaves an escape that jsonb refuses", () => {
    const text = fc.string({ unit: codeUnit, maxLength: 4 });
    const { value: anything } = fc.letrec((tie) => ({ value: fc.oneof({ depthSize: "small" }, text, fc.array(tie("value")), fc.dictionary(text, tie("value"))) }));
    fc.assert(fc.property(anything, (value) => {
      expect(storableJson(value)).not.toMatch(/\\u0000|\\ud[89a-f]/i);
    }));
  });

  it("writes what is absent as null, and keeps a key named __proto__", () => {
    expect(storableJson(undefined)).toBe("null");
    expect(storableJson(null)).toBe("null");
    expect(storableJson(JSON.parse('{"__proto__":{"\\u0000":1},"a":1}'))).toBe('{"__proto__":{"\ufffd":1},"a":1}');
    expect(storableJson(JSON.parse('{"__proto__":1,"\\u0000":2}'))).toBe('{"__proto__":1,"\ufffd":2}');
  });
});
