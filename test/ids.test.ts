import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdKind, isId, kindOf, MAX_ORDINAL, MAX_RUN_METRICS, metricResultId, newId, parseMetricResultId, parseResultId, resultId } from "../src/ids.js";

/** RFC 9562, version 7: version nibble 7, variant bits 10. */
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const kinds = Object.values(IdKind);
const anyKind = fc.constantFrom(...kinds);
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const ordinal = fc.integer({ min: 1, max: MAX_ORDINAL });
const metricIndex = fc.integer({ min: 0, max: MAX_RUN_METRICS - 1 });

function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

describe("newId", () => {
  it("makes UUIDs of version 7 that hold the time and the kind", () => {
    fc.assert(
      fc.property(anyKind, time, (kind, now) => {
        const id = newId(kind, now);
        expect(id).toMatch(UUID_V7);
        expect(timeOf(id)).toBe(now);
        expect(kindOf(id)).toBe(kind);
        for (const other of kinds) expect(isId(id, other)).toBe(other === kind);
      }),
    );
  });

  it("sorts as text by time", () => {
    fc.assert(
      fc.property(anyKind, anyKind, time, time, (first, second, a, b) => {
        fc.pre(a !== b);
        expect(newId(first, a) < newId(second, b)).toBe(a < b);
      }),
    );
  });

  it("makes no id twice, not even of runs within one millisecond", () => {
    for (const kind of [IdKind.TEST_RUN, IdKind.TEST]) {
      const ids = new Set(Array.from({ length: 5_000 }, () => newId(kind, 1_750_000_000_000)));
      // A run's id has 31 random bits: among 5,000 in one millisecond a pair is to be expected once in 170 times.
      expect(ids.size).toBeGreaterThanOrEqual(4_998);
    }
  });

  it("has kinds with numbers of their own that six bits hold", () => {
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(kinds.every((kind) => kind >= 1 && kind <= 63)).toBe(true);
  });
});

describe("ids of results", () => {
  it("name their run and ordinal, and are UUIDs of version 7 of the run's time", () => {
    fc.assert(
      fc.property(time, ordinal, (now, number) => {
        const runId = newId(IdKind.TEST_RUN, now);
        const id = resultId(runId, number);
        expect(id).toMatch(UUID_V7);
        expect(timeOf(id)).toBe(now);
        expect(kindOf(id)).toBe(IdKind.TEST_RESULT);
        expect(parseResultId(id)).toEqual({ runId, ordinal: number });
        expect(parseMetricResultId(id)).toBeNull();
      }),
    );
  });

  it("of metrics name their run, ordinal and metric", () => {
    fc.assert(
      fc.property(time, ordinal, metricIndex, (now, number, index) => {
        const runId = newId(IdKind.TEST_RUN, now);
        const id = metricResultId(runId, number, index);
        expect(id).toMatch(UUID_V7);
        expect(kindOf(id)).toBe(IdKind.METRIC_RESULT);
        expect(parseMetricResultId(id)).toEqual({ runId, ordinal: number, metricIndex: index });
        expect(parseResultId(id)).toBeNull();
      }),
    );
  });

  it("sort by ordinal within a run", () => {
    fc.assert(
      fc.property(ordinal, ordinal, (a, b) => {
        const runId = newId(IdKind.TEST_RUN);
        expect(resultId(runId, a) < resultId(runId, b)).toBe(a < b);
      }),
    );
  });

  it("are one for each result: what only looks like one names nothing", () => {
    const runId = newId(IdKind.TEST_RUN);
    const metricBitsSet = (BigInt(`0x${resultId(runId, 7).replaceAll("-", "")}`) | (1n << 30n)).toString(16).padStart(32, "0");
    const forged = `${metricBitsSet.slice(0, 8)}-${metricBitsSet.slice(8, 12)}-${metricBitsSet.slice(12, 16)}-${metricBitsSet.slice(16, 20)}-${metricBitsSet.slice(20)}`;
    expect(kindOf(forged)).toBe(IdKind.TEST_RESULT);
    expect(parseResultId(forged)).toBeNull();
    expect(parseResultId(resultId(runId, 0))).toBeNull();
    expect(parseMetricResultId(metricResultId(runId, 0, 3))).toBeNull();
  });
});

describe("kindOf", () => {
  it("answers null for what is no id of ours", () => {
    const id = newId(IdKind.TEST);
    const unknownKind = `${id.slice(0, 15)}fff${id.slice(18)}`; // kind 63
    const others = ["", "1", "null", id.toUpperCase(), ` ${id}`, `${id}\n`, id.slice(0, -1), `${id}0`, id.replaceAll("-", ""), `{${id}}`, "00000000-0000-0000-0000-000000000000", "f47ac10b-58cc-4372-a567-0e02b2c3d479", unknownKind];
    for (const other of others) expect(kindOf(other), other).toBeNull();
  });

  it("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.uuid(), fc.string({ unit: fc.constantFrom("-", "7", "a", "F", "\u0000", "\ud800", "\n") })), (text) => {
      const kind = kindOf(text);
      expect(kind === null || kinds.includes(kind)).toBe(true);
      parseResultId(text);
      parseMetricResultId(text);
    }));
  });
});
