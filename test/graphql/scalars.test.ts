import { GraphQLError, parseValue, valueFromAST } from "graphql";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DateTimeScalar, JSONObjectScalar, JSONScalar, SafeIntScalar } from "../../src/graphql/index.js";

describe("DateTime", () => {
  it("is UTC with three digits and Z on the way out, whatever the precision on the way in", () => {
    expect(DateTimeScalar.serialize(new Date("2026-11-21T10:00:00Z"))).toBe("2026-11-21T10:00:00.000Z");
    expect(DateTimeScalar.serialize("2026-11-21T12:00:00.5+02:00")).toBe("2026-11-21T10:00:00.500Z");
    fc.assert(
      fc.property(fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
        expect(DateTimeScalar.parseValue(DateTimeScalar.serialize(date))).toEqual(date);
      }),
    );
  });

  it.each([
    ["2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"],
    ["2026-11-21t10:00:00.25z", "2026-11-21T10:00:00.250Z"],
    ["2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.123Z"],
    ["2026-11-21T10:00:00+05:30", "2026-11-21T04:30:00.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["2026-12-31T23:59:59.999-00:00", "2026-12-31T23:59:59.999Z"],
  ])("reads %s", (text, time) => {
    expect(DateTimeScalar.parseValue(text).toISOString()).toBe(time);
    expect((valueFromAST(parseValue(JSON.stringify(text)), DateTimeScalar) as Date).toISOString()).toBe(time);
  });

  it.each(["", "2026", "2026-11-21", "2026-11-21T10:00:00", "2026-11-21 10:00:00Z", "2026-02-29T00:00:00Z", "2026-02-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-04-31T10:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z", "2026-11-21T10:00:00+24:00", "2026-11-21T10:00:00+99:99", "+012026-11-21T10:00:00Z", " 2026-11-21T10:00:00Z", 0, true, null, {}])("refuses %j", (value) => {
    expect(() => DateTimeScalar.parseValue(value)).toThrow(GraphQLError);
    expect(() => DateTimeScalar.parseValue(value)).toThrow(/RFC 3339/);
  });

  it("takes no number literal", () => {
    expect(() => DateTimeScalar.parseLiteral(parseValue("1750000000"), {})).toThrow(GraphQLError);
  });
});

describe("SafeInt", () => {
  it("holds integers up to 2^53 - 1 exactly, in all three ways", () => {
    for (const value of [0, -1, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(SafeIntScalar.serialize(value)).toBe(value);
      expect(SafeIntScalar.parseValue(value)).toBe(value);
      expect(SafeIntScalar.parseLiteral(parseValue(String(value)), {})).toBe(value);
    }
  });

  it.each([2 ** 53, 1.5, "1", null, Number.NaN, Infinity])("refuses %s", (value) => {
    expect(() => SafeIntScalar.serialize(value)).toThrow(GraphQLError);
    expect(() => SafeIntScalar.parseValue(value)).toThrow(GraphQLError);
  });

  it.each(["9007199254740992", "1.0", '"1"', "null"])("refuses the literal %s", (literal) => {
    expect(() => SafeIntScalar.parseLiteral(parseValue(literal), {})).toThrow(GraphQLError);
  });
});

describe("JSON", () => {
  it("is any JSON value, unchanged", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSONScalar.parseValue(value)).toEqual(value);
        expect(JSONScalar.serialize(value)).toEqual(value);
      }),
    );
  });

  it("has literals of every kind, variables inside them included", () => {
    expect(JSONScalar.parseLiteral(parseValue('{ a: [1, 2.5, "x", true, null], b: {} }'), {})).toEqual({ a: [1, 2.5, "x", true, null], b: {} });
    expect(JSONScalar.parseLiteral(parseValue("{ a: [$x] }"), { x: { y: 1 } })).toEqual({ a: [{ y: 1 }] });
  });

  it("cannot change a prototype", () => {
    const value = JSONScalar.parseLiteral(parseValue("{ __proto__: { polluted: true } }"), {}) as object;
    expect((value as { polluted?: boolean }).polluted).toBeUndefined();
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("as an object is nothing else", () => {
    expect(JSONObjectScalar.parseValue({ a: null })).toEqual({ a: null });
    for (const value of [null, 1, "x", [], true]) expect(() => JSONObjectScalar.parseValue(value), JSON.stringify(value)).toThrow();
    for (const literal of ["1", '"x"', "[]", "true"]) expect(() => JSONObjectScalar.parseLiteral(parseValue(literal), {}), literal).toThrow();
  });
});
