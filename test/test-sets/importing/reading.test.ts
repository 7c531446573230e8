import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sniffDelimiter, openCsv } from "../../../src/test-sets/importing/csv-rows.js";
import { normalizeName, planColumns, resolvePath } from "../../../src/test-sets/importing/import-fields.js";
import { linesOf } from "../../../src/test-sets/importing/import-lines.js";
import { turnRange } from "../../../src/test-sets/importing/import-values.js";
import { splitArray } from "../../../src/test-sets/importing/json-array.js";

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}

/** The bytes in pieces of the sizes, repeated. */
async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}
const chunkSizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });

describe("splitting", () => {
  it("finds every item of any JSON list, however the bytes come in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.constantFrom(undefined, 1), chunkSizes, async (list, indent, sizes) => {
        const pieces = await all(splitArray(inChunks(Buffer.from(JSON.stringify(list, null, indent)), sizes)));
        expect(pieces.map((piece) => ("text" in piece ? (JSON.parse(piece.text) as unknown) : piece))).toEqual(JSON.parse(JSON.stringify(list)));
      }),
    );
  });

  it("finds every line of any text, however the bytes come in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replaceAll(/[\r\n\ufeff]/g, "")), { minLength: 1, maxLength: 6 }), fc.constantFrom("\n", "\r\n"), chunkSizes, async (lines, lineBreak, sizes) => {
        const found = await all(linesOf(inChunks(Buffer.from(`\ufeff${lines.join(lineBreak)}${lineBreak}`), sizes)));
        expect(found).toEqual(lines.map((text, index) => ({ number: index + 1, text })));
      }),
    );
  });

  it("gives back every cell of any CSV, however the bytes come in", async () => {
    const cell = fc.oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^[a",;\r\n |\t]*$/)).filter((text) => !text.includes("\ufeff"));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell, fc.constantFrom("x", " y ")), { minLength: 1, maxLength: 5 }), fc.constantFrom(",", ";", "\t", "|"), fc.constantFrom("\n", "\r\n"), chunkSizes, async (rows, delimiter, lineBreak, sizes) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = [["a", "b", "c"], ...rows].map((row) => row.map(quote).join(delimiter)).join(lineBreak);
        const file = await openCsv(inChunks(Buffer.from(text), sizes), new Set());
        const found = await all(file.rows);
        expect(found.map((row) => ("cells" in row ? Object.values(row.cells) : row))).toEqual(rows);
        expect(found.map((row) => row.row)).toEqual(rows.map((_, index) => index + 1));
      }),
    );
  });

  it("refuses what is not UTF-8 instead of changing it", async () => {
    const latin1 = Buffer.from("prompt\nGr\xfc\xdfe\n", "latin1");
    await expect(openCsv(inChunks(latin1, [64]), new Set()).then((file) => all(file.rows))).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    expect(await all(linesOf(inChunks(latin1, [3])))).toEqual([{ number: 1, text: "prompt" }, { number: 2, fault: expect.stringContaining("UTF-8") }]);
  });

  it("keeps only lines up to the size in memory", async () => {
    const found = await all(linesOf(inChunks(Buffer.from("ab\nabcdef\nc"), [2]), 3));
    expect(found).toEqual([{ number: 1, text: "ab" }, { number: 2, fault: expect.stringContaining("6 bytes") }, { number: 3, text: "c" }]);
  });
});

describe("sniffDelimiter", () => {
  it.each([["a,b;c\n", ","], ["prompt;a,b\n", ";"], ["a\tb\n1\t2", "\t"], ["a|b|c,d", "|"], ['"a;b",c', ","], ["one column", ","], ['"never closed', ","]])("of %j is %j", (head, delimiter) => {
    expect(sniffDelimiter(head, new Set(["prompt"]))).toBe(delimiter);
  });
});

describe("columns", () => {
  it("have one spelling", () => {
    expect(["Expected Response", "expectedResponse", "EXPECTED-RESPONSE", " expected_response "].map(normalizeName)).toEqual(Array.from({ length: 4 }, () => "expected_response"));
    expect(normalizeName("test_configuration.maxTurns")).toBe("max_turns");
  });

  it("serve the first alias, and the others become metadata", () => {
    const plan = planColumns(["question", "input", "answer", "note"], new Map());
    expect(Object.fromEntries(plan.fields)).toEqual({ prompt: { column: "input", steps: [] }, expected_response: { column: "answer", steps: [] } });
    expect(plan.others).toEqual(["question", "note"]);
  });

  it("are found by name before they are taken as paths", () => {
    expect(resolvePath("a.b", ["a", "a.b"])).toEqual({ column: "a.b", steps: [] });
    expect(resolvePath("a.b[2].c", ["a"])).toEqual({ column: "a", steps: ["b", "2", "c"] });
    expect(resolvePath("a.b[0]", ["a", "a.b"])).toEqual({ column: "a.b", steps: ["0"] });
    expect(resolvePath("none", ["a"])).toEqual({ column: "none", steps: [] });
  });
});

describe("turnRange", () => {
  it.each([["3", 3, 3], ["3 turns", 3, 3], ["2-5", 2, 5], ["2 to 5", 2, 5], ["2..5", 2, 5], ["min 2, max 5", 2, 5], ["max 5", null, 5], ["min 2", 2, null]])("of %j is %j to %j", (text, minTurns, maxTurns) => {
    expect(turnRange(text)).toEqual({ minTurns, maxTurns });
  });

  it.each(["", "many", "2-5-7", "-3"])("of %j is none", (text) => {
    expect(turnRange(text)).toBeNull();
  });
});
