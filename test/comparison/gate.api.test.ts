import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed, type RunSeed, type SeededRun } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(() => app.close());

const GATE = `query ($id: ID!, $policy: GatePolicy!) { testRun(ref: { id: $id }) { gate(policy: $policy) { passed decided summary checks { name passed decided expected actual expectedValue actualValue } } } }`;

async function gate(run: { id: string }, policy: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(GATE, { id: run.id, policy }))["testRun"].gate as Record<string, any>;
}

function run(args: RunSeed): Promise<SeededRun> {
  return givenRun(app.database.db, owner, args);
}

const ten = (status: (ordinal: number) => ResultSeed["status"], more: (ordinal: number) => Partial<ResultSeed> = () => ({})): ResultSeed[] => Array.from({ length: 10 }, (_, index) => ({ ordinal: index + 1, status: status(index + 1), ...more(index + 1) }));

describe("TestRun.gate", () => {
  it("holds a run against every limit of a policy", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 10 });
    const metric = await givenMetric(app.database.db, owner, { name: "Politeness" });
    const baseline = await run({ testSet, name: "Release 1", results: ten(() => "PASSED") });
    // 7 pass, 2 fail, 1 errs; latencies 100 to 1000: the 95th percentile is at rank 9.55, 955 ms. Reviewed verdicts of the metric count: 6 of 9.
    const candidate = await run({
      testSet, name: "Release 2", metrics: [metric],
      results: ten((ordinal) => (ordinal <= 7 ? "PASSED" : ordinal <= 9 ? "FAILED" : "ERROR"), (ordinal) => ({ latencyMs: ordinal * 100, metricResults: [{ score: 1, status: ordinal === 10 ? "ERROR" : ordinal <= 6 ? "PASSED" : "FAILED", automatedStatus: ordinal === 10 ? "ERROR" : "PASSED" }] })),
    }); // prettier-ignore
    const policy = { minPassRate: 0.7, minCoverage: 0.9, maxErrorRate: 0.1, maxP95LatencyMs: 955, baselineId: baseline.id, maxRegressions: 2, failOnSignificantRegression: true, metricMinPassRates: [{ name: "politeness", minPassRate: 0.6 }] };
    const met = await gate(candidate, policy);
    expect(met).toMatchObject({ passed: true, decided: true, summary: expect.stringMatching(/^✅ \*\*Gate met\*\* by Release 2, compared with Release 1: 7 of 10 results passed/) as string });
    expect(met["checks"].map((check: any) => [check.name, check.passed, check.actualValue, check.expectedValue])).toEqual([
      ["minPassRate", true, 7 / 9, 0.7], ["minCoverage", true, 0.9, 0.9], ["maxErrorRate", true, 0.1, 0.1], ["maxP95LatencyMs", true, expect.closeTo(955, 9), 955], ["maxRegressions", true, 2, 2],
      ["failOnSignificantRegression", true, 0.5, 0.05], ["metricMinPassRates.Politeness", true, expect.closeTo(6 / 9, 12), 0.6],
    ]); // prettier-ignore
    const missed = await gate(candidate, { minPassRate: 0.9, maxErrorRate: 0.1 });
    expect(missed).toMatchObject({ passed: false, decided: true, checks: [{ name: "minPassRate", passed: false, expected: "at least 90 %", actual: "77.78 %" }, { name: "maxErrorRate", passed: true }] });
  });

  it("decides nothing by what is not there", async () => {
    const rescore = await run({ kind: "RESCORE", status: "FAILED", results: [1, 2].map((ordinal) => ({ ordinal, status: "ERROR", output: null, errorType: "NO_OUTPUT" })) });
    expect(await gate(rescore, { minPassRate: 0, maxP95LatencyMs: 1_000, maxErrorRate: 0.5 })).toMatchObject({ passed: false, decided: false, checks: [{ passed: false, decided: false, actualValue: null }, { passed: false, decided: true, actualValue: 1 }, { passed: false, decided: false, actualValue: null }] });
    const other = await run({ results: [{ ordinal: 1, status: "PASSED" }] });
    expect(await gate(rescore, { baselineId: other.id, maxRegressions: 5 })).toMatchObject({ passed: false, decided: false });
  });

  it("refuses runs that go on, baselines that go on or are not there, and policies that say nothing or nonsense", async () => {
    const [finished, running] = [await run({ results: [1, 2].map((ordinal) => ({ ordinal, status: "PASSED" })) }), await run({ status: "RUNNING" })];
    expect(await app.error(GATE, { id: running.id, policy: { minPassRate: 0.5 } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RUN_NOT_FINISHED" });
    expect(await app.error(GATE, { id: finished.id, policy: { maxRegressions: 0, baselineId: running.id } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RUN_NOT_FINISHED" });
    for (const baselineId of [newId(IdKind.TEST_RUN), "nonsense", running.testSet.id]) expect(await app.error(GATE, { id: finished.id, policy: { maxRegressions: 0, baselineId } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(GATE, { id: finished.id, policy: {} })).toMatchObject({ code: "BAD_USER_INPUT", reason: "EMPTY_POLICY" });
    expect(await app.error(GATE, { id: finished.id, policy: { minPassRate: 90, maxRegressions: 0 } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "policy.minPassRate" }, { field: "policy.baselineId" }] });
    const result = await app.run(GATE, { id: finished.id, policy: {} });
    expect(result.data).toEqual({ testRun: { gate: null } });
  });

  it("does not look across organizations for a baseline", async () => {
    const { id } = await run({ results: [1, 2].map((ordinal) => ({ ordinal, status: "PASSED" })) });
    const stranger = await ownerOf(app.database.db, await app.otherOrganization("Gates"));
    const theirs = await givenRun(app.database.db, stranger, { results: [1, 2].map((ordinal) => ({ ordinal, status: "PASSED" })) });
    expect(await app.error(GATE, { id, policy: { maxRegressions: 0, baselineId: theirs.id } })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("may not be asked for in a subscription, and is priced far above an object", () => {
    const { gate: field } = (app.schema.getType("TestRun") as unknown as { getFields(): Record<string, { extensions: Record<string, unknown> }> }).getFields();
    expect(field?.extensions).toMatchObject({ forbiddenInSubscription: true, complexity: 1_000 });
  });
});
