import { afterEach, describe, expect, it } from "vitest";
import { patternProblem, patternSource } from "../../src/patterns.js";
import type { FindJob } from "../../src/scoring/text-work/text-work.js";
import { TextWorkers, type TextWorkersOptions } from "../../src/scoring/text-work/text-workers.js";
import { NO_SIGNAL } from "./score-input.js";

let workers: TextWorkers;
afterEach(() => workers.close());

function given(options: TextWorkersOptions = {}): TextWorkers {
  workers = new TextWorkers(options);
  return workers;
}

function find(pattern: string, text: string, more: Partial<FindJob> = {}): FindJob {
  return { op: "find", text, ...patternSource(pattern, ""), group: 0, pick: "first", ...more };
}

/** Finding all matches takes quadratic time even in linear-time engines: each search runs to the end. */
const STALLING = find("[ab]*c|a", "a".repeat(1_000_000), { pick: "last" });

describe("text workers", () => {
  it("answer many jobs, each its own", async () => {
    given();
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, index) => workers.run(find("\\d+", `n${index}`), NO_SIGNAL)));
    expect(answers.map((answer) => answer.part)).toEqual(Array.from({ length: 1000 }, (_, index) => `${index}`));
  });

  it("stop a job that takes too long, and do the others", async () => {
    given({ timeLimitMs: 600 });
    const jobs = [find("1", "1"), STALLING, find("2", "2"), STALLING, find("3", "3")].map((job) => workers.run(job, NO_SIGNAL));
    const outcomes = await Promise.allSettled(jobs);
    expect(outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.part : (outcome.reason as { code: string }).code))).toEqual(["1", "TIMEOUT", "2", "TIMEOUT", "3"]);
    expect((await workers.run(find("4", "4"), NO_SIGNAL)).part).toBe("4");
  });

  it("do jobs behind a stalled one with a second worker", async () => {
    given({ timeLimitMs: 60_000 });
    let isStalled = true;
    const stalled = workers.run(STALLING, NO_SIGNAL).finally(() => (isStalled = false)).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await workers.run(find("a", "a"), NO_SIGNAL)).part).toBe("a");
    expect(isStalled).toBe(true);
    await workers.close();
    await stalled;
  });

  it("refuse a text over the limit, in bytes", async () => {
    given({ textLimitBytes: 1000 });
    expect((await workers.run(find("x", "a".repeat(1000)), NO_SIGNAL)).part).toBeNull();
    for (const text of ["a".repeat(1001), "é".repeat(501)]) await expect(workers.run(find("x", text), NO_SIGNAL)).rejects.toMatchObject({ code: "MALFORMED_ANSWER" });
  });

  it("name what is wrong with a job", async () => {
    given();
    await expect(workers.run(find("(", "a"), NO_SIGNAL)).rejects.toMatchObject({ code: "INVALID_PARAMETERS", message: expect.stringContaining("missing closing )") });
    await expect(workers.run(find("a", "a", { group: 1 }), NO_SIGNAL)).rejects.toMatchObject({ code: "INVALID_PARAMETERS", message: expect.stringContaining("no group 1") });
  });

  it("reject what waits when they are closed or its signal is aborted", async () => {
    given();
    const controller = new AbortController();
    const aborted = workers.run(find("a", "a"), controller.signal);
    controller.abort(new Error("gone"));
    await expect(aborted).rejects.toThrow("gone");
    const waiting = workers.run(STALLING, NO_SIGNAL);
    const closed = expect(waiting).rejects.toMatchObject({ code: "INTERNAL" });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await workers.close();
    await closed;
    await expect(workers.run(find("a", "a"), NO_SIGNAL)).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

describe("a pattern", () => {
  it("is refused when it needs more than linear time, is too long or has unknown flags", () => {
    for (const pattern of ["(a)\\1", "(?=a)b", "(?!a)b", "(?<n>a)\\k<n>", "(", "a".repeat(10_001)]) expect(patternProblem(pattern, "")).not.toBeNull();
    expect(patternProblem("a", "g")).toContain('no flag "g"');
    expect(patternProblem("\\d+", "", 1)).toContain("0 groups");
    for (const pattern of ["", "a|b", "(?<n>a)", "\\\\k<n>", "[^]", "(?<=a)b", "\\p{L}+", "(a+)+$"]) expect(patternProblem(pattern, "ims")).toBeNull();
  });
});
