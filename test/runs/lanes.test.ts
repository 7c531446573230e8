import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEventCursor, encodeEventCursor } from "../../src/runs/event-cursor.js";
import { firstInLane, LANE_BLOCK, laneCountFor, laneOrdinals } from "../../src/runs/lanes.js";
import { IdKind, newId } from "../../src/ids.js";

describe("lanes", () => {
  it("share out every ordinal once, in order, whatever is read at a time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_500 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 150 }), (total, laneCount, limit) => {
        const all: number[] = [];
        for (let lane = 0; lane < laneCount; lane += 1) {
          const ordinals: number[] = [];
          for (let from = 1; ; ) {
            const chunk = laneOrdinals({ from, lane, laneCount, total, limit });
            expect(chunk.length).toBeLessThanOrEqual(limit);
            ordinals.push(...chunk);
            if (chunk.length === 0) break;
            from = (chunk.at(-1) ?? 0) + 1;
          }
          expect(ordinals).toEqual([...ordinals].sort((a, b) => a - b));
          all.push(...ordinals);
        }
        expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
      }),
    );
  });

  it("begin at their own blocks, and go on from any ordinal", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 8 }), (ordinal, laneCount) => {
        const owners = Array.from({ length: laneCount }, (_, lane) => lane).filter((lane) => firstInLane(ordinal, lane, laneCount) === ordinal);
        expect(owners).toEqual([Math.floor((ordinal - 1) / LANE_BLOCK) % laneCount]);
        for (let lane = 0; lane < laneCount; lane += 1) {
          const first = firstInLane(ordinal, lane, laneCount);
          expect(first).toBeGreaterThanOrEqual(ordinal);
          expect(Math.floor((first - 1) / LANE_BLOCK) % laneCount).toBe(lane);
          expect(first - ordinal).toBeLessThan(laneCount * LANE_BLOCK);
        }
      }),
    );
  });

  it("are one for a sequential run, and else no more than blocks, calls at once, or eight", () => {
    expect(laneCountFor({ total: 1_000_000, sequential: true, maxConcurrency: 100 })).toBe(1);
    expect(laneCountFor({ total: 1_000_000, sequential: false, maxConcurrency: 100 })).toBe(8);
    expect(laneCountFor({ total: 1_000_000, sequential: false, maxConcurrency: 3 })).toBe(3);
    expect(laneCountFor({ total: 64, sequential: false, maxConcurrency: 100 })).toBe(1);
    expect(laneCountFor({ total: 65, sequential: false, maxConcurrency: 100 })).toBe(2);
    expect(laneCountFor({ total: 1, sequential: false, maxConcurrency: 1 })).toBe(1);
  });
});

describe("event cursors", () => {
  const runId = newId(IdKind.TEST_RUN);

  it("are read back as they were written", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seq, version) => {
        expect(decodeEventCursor(runId, encodeEventCursor(runId, { seq, version }))).toEqual({ seq, version });
      }),
    );
  });

  it("of another run, and what is none, are refused", () => {
    const write = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const others = [encodeEventCursor(newId(IdKind.TEST_RUN), { seq: 1, version: 1 }), "", "x", "\u0000", write(null), write({}), write([]), write([runId]), write([runId, 1]), write([runId, "1", 1]), write([runId, 1.5, 1]), write([runId, 1, null]), write([runId, -1, 1]), write([runId, 1, -1])];
    for (const other of others) expect(() => decodeEventCursor(runId, other), other).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", reason: "CURSOR_INVALID" }));
  });
});
