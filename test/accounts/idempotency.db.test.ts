import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { once } from "../../src/accounts/index.js";
import type { Scope } from "../../src/viewer.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenOwner } from "../support/seed-design.js";

let database: TestDatabase;
let scope: Scope;
let other: Scope;
beforeAll(async () => {
  database = await createTestDatabase();
  [scope, other] = [await givenOwner(database.db), await givenOwner(database.db)];
});
afterAll(() => database.drop());

const NOW = new Date("2026-11-20T10:00:00.000Z");
const DAY_MS = 86_400_000;
let answers = 0;

interface Attempt {
  readonly key?: string | null;
  readonly input?: unknown;
  readonly mutation?: string;
  readonly scope?: Scope;
  readonly now?: Date;
  readonly act?: () => Promise<unknown>;
}
/** Acts as a mutation does: in a transaction of its own. */
function attempt({ key = "key", input = { a: 1 }, mutation = "execute", now = NOW, act = () => Promise.resolve(`answer ${(answers += 1)}`), ...more }: Attempt): Promise<unknown> {
  return database.db.transaction().execute((trx) => once(trx, more.scope ?? scope, { mutation, key, input }, now, act));
}
const mismatch = { code: "CONFLICT", reason: "IDEMPOTENCY_MISMATCH" };

describe("an idempotency key", () => {
  it("gives the first answer to every repeat of the input, in whatever order its fields come", async () => {
    const first = await attempt({ key: "same", input: { a: 1, b: { c: [1, { d: 2, e: 3 }], f: null } } });
    expect(await attempt({ key: "same", input: { b: { f: null, c: [1, { e: 3, d: 2 }] }, a: 1 } })).toBe(first);
    expect(await attempt({ key: "same", input: { a: 1, b: { c: [1, { d: 2, e: 3 }] }, z: undefined } })).toBe(first);
  });

  it.each([[{ a: 2 }], [{ a: "1" }], [{ a: 1, b: 1 }], [{}], [{ a: [1] }], [[{ a: 1 }]]])("refuses another input: %j", async (input) => {
    await attempt({ key: "mismatch" });
    await expect(attempt({ key: "mismatch", input })).rejects.toMatchObject(mismatch);
  });

  it("takes the order of a list for part of the input", async () => {
    await attempt({ key: "list", input: { ids: ["a", "b"] } });
    await expect(attempt({ key: "list", input: { ids: ["b", "a"] } })).rejects.toMatchObject(mismatch);
  });

  it("acts once when the same comes many times at once, and refuses what comes beside it", async () => {
    let acts = 0;
    const act = async (): Promise<string> => {
      acts += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return `made ${acts}`;
    };
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => attempt({ key: "race", act })));
    expect(results.map((result) => result.status === "fulfilled" && result.value)).toEqual(["made 1", "made 1", "made 1", "made 1"]);
    expect(acts).toBe(1);
    const mixed = await Promise.allSettled([1, 2, 1, 2].map((a) => attempt({ key: "mixed", input: { a }, act })));
    expect(mixed.filter((result) => result.status === "fulfilled")).toHaveLength(2);
    expect(mixed.filter((result) => result.status === "rejected").map((result) => result.reason as unknown)).toEqual([expect.objectContaining(mismatch), expect.objectContaining(mismatch)]);
  });

  it("is not used up by an attempt that failed", async () => {
    await expect(attempt({ key: "failed", act: () => Promise.reject(new Error("no")) })).rejects.toThrow("no");
    expect(await attempt({ key: "failed", input: { other: true } })).toMatch(/^answer/);
  });

  it("holds for each organization and mutation by itself", async () => {
    const first = await attempt({ key: "apart" });
    expect(await attempt({ key: "apart", mutation: "rerun", input: { x: 1 } })).not.toBe(first);
    expect(await attempt({ key: "apart", scope: other, input: { x: 1 } })).not.toBe(first);
    expect(await attempt({ key: "apart" })).toBe(first);
    expect(await attempt({ key: "Apart", input: { x: 1 } })).not.toBe(first);
  });

  it("holds for seven days, and then anew", async () => {
    const first = await attempt({ key: "days" });
    expect(await attempt({ key: "days", now: new Date(NOW.getTime() + 7 * DAY_MS - 1) })).toBe(first);
    const later = new Date(NOW.getTime() + 7 * DAY_MS);
    const second = await attempt({ key: "days", input: { b: 2 }, now: later });
    expect(second).not.toBe(first);
    expect(await attempt({ key: "days", input: { b: 2 }, now: new Date(later.getTime() + DAY_MS) })).toBe(second);
  });

  it("is no protection where none is given", async () => {
    expect(await attempt({ key: null })).not.toBe(await attempt({ key: null }));
  });

  it.each(["", " ", "a\u0000b", "\ud800", "x".repeat(301)])("that cannot be one (%j) is BAD_USER_INPUT", async (key) => {
    await expect(attempt({ key })).rejects.toMatchObject({ code: "BAD_USER_INPUT", details: { problems: [{ field: "input.idempotencyKey", message: expect.any(String) }] } });
  });

  it("keeps answers of any shape", async () => {
    for (const answer of [["a", "b"], { id: "x" }, "text", null]) {
      const key = JSON.stringify(answer);
      await attempt({ key, act: () => Promise.resolve(answer) });
      expect(await attempt({ key, act: () => Promise.resolve("again") })).toEqual(answer);
    }
  });
});
