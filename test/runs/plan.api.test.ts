import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenEndpointAt } from "../support/execution.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  await app.data(`mutation { a: createMetric(input: { name: "has", kind: BUILT_IN, builtIn: "contains", parameters: { value: "x" } }) { id }
    b: createMetric(input: { name: "equal", kind: BUILT_IN, builtIn: "equals" }) { id }
    c: createMetric(input: { name: "checks", kind: BUILT_IN, builtIn: "assertions" }) { id }
    d: createModel(input: { name: "judge", baseUrl: "http://127.0.0.1:1/v1", model: "m" }) { id } }`);
  await app.data(`mutation { e: createMetric(input: { name: "voted", kind: LLM_JUDGE, scoreType: BINARY, evaluationPrompt: "Is it right?", model: { name: "judge" }, parameters: { votes: 3 } }) { id } }`);
  await app.data(`mutation { createBehavior(input: { name: "polite", metrics: [{ name: "has" }] }) { id } publishExperiment(input: { name: "tone", values: { style: "plain" } }) { id } }`);
});
afterAll(() => app.close());

const PLAN = `query ($input: ExecuteTestSetInput!) { planTestSet(input: $input) {
  tests results endpointCallsMin endpointCallsMax judgeCalls testsWithoutMetrics problems metrics { metric { name } tests skipped skipReasons } } }`;
const plan = async (input: Record<string, unknown>): Promise<any> => (await app.data(PLAN, { input }))["planTestSet"];
let count = 0;
async function givenSet(input: Record<string, unknown>): Promise<{ id: string }> {
  const { createTestSet } = await app.data(`mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }`, { input: { name: `set ${(count += 1)}`, ...input } });
  return { id: createTestSet.id as string };
}
const prompt = (content: string, more: Record<string, unknown> = {}, test: Record<string, unknown> = {}) => ({ prompt: { content, ...more }, ...test });

describe("planTestSet", () => {
  it("counts tests, results, calls and judgements as an execution would make them", async () => {
    const testSet = await givenSet({ metrics: [{ name: "has" }, { name: "equal" }, { name: "voted" }, { name: "checks" }], tests: [prompt("a", { expectedResponse: "A" }), prompt("b"), prompt("c", {}, { metadata: { assertions: [{ type: "contains", value: "c" }] } })] });
    const endpoint = await givenEndpointAt(app, "http://127.0.0.1:1", { maxAttempts: 4 });
    expect(await plan({ testSet, endpoint: { id: endpoint.id }, trials: 2 })).toEqual({
      tests: 3, results: 6, endpointCallsMin: 6, endpointCallsMax: 24, judgeCalls: 18, testsWithoutMetrics: 0, problems: [],
      metrics: [
        { metric: { name: "has" }, tests: 3, skipped: 0, skipReasons: [] },
        { metric: { name: "equal" }, tests: 3, skipped: 2, skipReasons: ["NO_GROUND_TRUTH"] },
        { metric: { name: "voted" }, tests: 3, skipped: 0, skipReasons: [] },
        { metric: { name: "checks" }, tests: 3, skipped: 2, skipReasons: ["NO_ASSERTIONS"] },
      ],
    }); // prettier-ignore
    expect(await plan({ testSet, endpoint: { id: endpoint.id }, attributes: { retry_count: 0 }, tests: { search: "b" }, metrics: [{ name: "equal" }] })).toMatchObject({
      tests: 1, endpointCallsMax: 1, judgeCalls: 0, testsWithoutMetrics: 1, problems: [expect.stringContaining("NO_METRICS"), expect.stringContaining("equal")],
    }); // prettier-ignore
  });

  it("gives each test its behavior's metrics where the set has none", async () => {
    const testSet = await givenSet({ tests: [prompt("a", {}, { behavior: "polite" }), prompt("b", {}, { behavior: "rude" }), prompt("c")] });
    const endpoint = await givenEndpointAt(app, "http://127.0.0.1:1");
    expect(await plan({ testSet, endpoint: { id: endpoint.id } })).toMatchObject({ tests: 3, testsWithoutMetrics: 2, metrics: [{ metric: { name: "has" }, tests: 1, skipped: 0 }] });
  });

  it("counts the turns of conversations", async () => {
    const tests = [{ conversation: { scriptedTurns: ["one", "two", "three"] } }, { conversation: { goal: "Get a refund", minTurns: 2, maxTurns: 6 } }];
    const testSet = await givenSet({ type: "MULTI_TURN", metrics: [{ name: "has" }], tests });
    const endpoint = await givenEndpointAt(app, "http://127.0.0.1:1", { maxAttempts: 2 });
    expect(await plan({ testSet, endpoint: { id: endpoint.id }, attributes: { user_model: "judge" } })).toMatchObject({ tests: 2, results: 2, endpointCallsMin: 5, endpointCallsMax: 18, judgeCalls: 3 });
  });

  it("changes nothing, not even by inline parameters", async () => {
    const testSet = await givenSet({ metrics: [{ name: "has" }], tests: [prompt("a")] });
    const endpoint = await givenEndpointAt(app, "http://127.0.0.1:1");
    expect(await plan({ testSet, endpoint: { id: endpoint.id }, experiment: { name: "tone" }, parameters: { style: "bold" } })).toMatchObject({ tests: 1 });
    const after = await app.data(`query { experiment(ref: { name: "tone" }) { versions { nodes { number } } } testRuns { totalCount } testConfigurations { totalCount } }`);
    expect(after).toEqual({ experiment: { versions: { nodes: [{ number: 1 }] } }, testRuns: { totalCount: 0 }, testConfigurations: { totalCount: 0 } });
  });

  it("tells as a problem what an execution would be refused for, and refuses wrong input itself", async () => {
    const testSet = await givenSet({ tests: [] });
    const endpoint = await givenEndpointAt(app, "http://127.0.0.1:1");
    expect(await plan({ testSet, endpoint: { id: endpoint.id } })).toMatchObject({ tests: 0, results: 0, problems: [expect.stringContaining("has no test")] });
    const refused = (input: Record<string, unknown>) => app.error(PLAN, { input });
    expect(await plan({ testSet: { name: "nowhere" }, endpoint: { id: endpoint.id } })).toBeNull();
    expect(await plan({ testSet, endpoint: { id: "nothing" } })).toBeNull();
    expect(await refused({ testSet, endpoint: { id: endpoint.id }, tests: {}, metrics: [{ name: "nowhere" }], trials: 0 })).toMatchObject({ code: "BAD_USER_INPUT" });
    expect(await refused({ testSet, endpoint: { id: endpoint.id }, trials: 101 })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.trials" }] });
    const full = await givenSet({ tests: [prompt("a")] });
    expect(await refused({ testSet: full, endpoint: { id: endpoint.id }, parameters: { a: 1 } })).toMatchObject({ code: "BAD_USER_INPUT", reason: "PARAMETERS_NEED_EXPERIMENT" });
  });

  it("is open to viewers, and costs the same number of statements for 2 and for 20 tests", async () => {
    const endpoint = await givenEndpointAt(app, "http://127.0.0.1:1");
    const counts = [];
    for (const tests of [2, 20]) {
      const testSet = await givenSet({ metrics: [{ name: "has" }, { name: "equal" }], tests: Array.from({ length: tests }, (_, index) => prompt(`q${index}`)) });
      counts.push(await app.countStatements(PLAN, { input: { testSet, endpoint: { id: endpoint.id } } }));
      expect((await app.data(PLAN, { input: { testSet, endpoint: { id: endpoint.id } } }, app.viewerWith("VIEWER")))["planTestSet"].tests).toBe(tests);
    }
    expect(counts[0]).toBe(counts[1]);
  });
});
