import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId, resultId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed, type RunSeed, type SeededRun } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(() => app.close());

const STATUS = { P: "PASSED", F: "FAILED", E: "ERROR", C: "CANCELLED", R: "RUNNING" } as const;

/** Results from letters, one for each ordinal; a blank has no row. */
function results(letters: string, more: (ordinal: number) => Partial<ResultSeed> = () => ({})): ResultSeed[] {
  return [...letters].flatMap((letter, index) => {
    const status = STATUS[letter as keyof typeof STATUS];
    return (status as string | undefined) === undefined ? [] : [{ ordinal: index + 1, status, ...(letter === "E" ? { output: null, errorType: "TIMEOUT" as const } : {}), ...more(index + 1) }];
  });
}

function run(args: RunSeed): Promise<SeededRun> {
  return givenRun(app.database.db, owner, args);
}

/** Two runs over the same set. */
async function runsOf(baseline: string, candidate: string, args: RunSeed = {}): Promise<{ before: SeededRun; now: SeededRun }> {
  const testSet = args.testSet ?? (await givenTestSet(app.database.db, owner, { tests: baseline.length / (args.trials ?? 1) }));
  return { before: await run({ ...args, testSet, results: results(baseline) }), now: await run({ ...args, testSet, results: results(candidate) }) };
}

async function compare(before: SeededRun, now: SeededRun, selection: string): Promise<Record<string, any>> {
  const data = await app.data(`query ($b: ID!, $c: ID!) { compareTestRuns(baselineId: $b, candidateId: $c) { ${selection} } }`, { b: before.id, c: now.id });
  return data["compareTestRuns"] as Record<string, any>;
}

const SUMMARY = "summary { improved regressed unchanged added removed notComparable }";

describe("compareTestRuns", () => {
  it("pairs by test, counts what became of each, and says whether that may be luck", async () => {
    // 10 improve, 2 regress: p = 0.0386 (two-sided binomial tail of 2 among 12).
    const { before, now } = await runsOf("FFFFFFFFFFPPPFE", "PPPPPPPPPPFFPFP");
    expect(await compare(before, now, `baseline { id } candidate { id } ${SUMMARY} passRateDelta pValue verdict`)).toEqual({
      baseline: { id: before.id }, candidate: { id: now.id },
      summary: { improved: 10, regressed: 2, unchanged: 2, added: 0, removed: 0, notComparable: 1 },
      passRateDelta: 12 / 15 - 3 / 14, pValue: expect.closeTo(0.03857421875, 10) as number, verdict: "IMPROVED",
    }); // prettier-ignore
    expect(await compare(now, before, `${SUMMARY} verdict`)).toEqual({ summary: { improved: 2, regressed: 10, unchanged: 2, added: 0, removed: 0, notComparable: 1 }, verdict: "REGRESSED" });
  });

  it("calls few changes no evidence, no change p = 1, and no common verdict insufficient", async () => {
    const few = await runsOf("PPPPPF", "FFFFFF"); // 5 of 5: p = 1/16
    expect(await compare(few.before, few.now, "pValue verdict")).toEqual({ pValue: 0.0625, verdict: "NO_EVIDENCE" });
    const six = await runsOf("PPPPPP", "FFFFFF"); // 6 of 6: p = 1/32
    expect(await compare(six.before, six.now, "pValue verdict")).toEqual({ pValue: 0.03125, verdict: "REGRESSED" });
    expect(await compare(few.now, few.now, `${SUMMARY} pValue verdict passRateDelta`)).toEqual({ summary: { improved: 0, regressed: 0, unchanged: 6, added: 0, removed: 0, notComparable: 0 }, pValue: 1, verdict: "NO_EVIDENCE", passRateDelta: 0 });
    const none = await runsOf("EEP", "PPE");
    expect(await compare(none.before, none.now, `${SUMMARY} pValue verdict passRateDelta`)).toEqual({ summary: { improved: 0, regressed: 0, unchanged: 0, added: 0, removed: 0, notComparable: 3 }, pValue: null, verdict: "INSUFFICIENT_DATA", passRateDelta: 0 });
  });

  it("takes the majority of the trials' verdicts, and a tie as no verdict", async () => {
    const { before, now } = await runsOf("PPF PFP PEE EEE PFE FFF".replaceAll(" ", ""), "FFP PPP FEE PPP PPP EEE".replaceAll(" ", ""), { trials: 3 });
    const { tests, ...rest } = await compare(before, now, `${SUMMARY} tests { nodes { outcome baselineStatus candidateStatus baseline { id status trial } candidate { id } } }`);
    expect(rest).toEqual({ summary: { improved: 0, regressed: 2, unchanged: 1, added: 0, removed: 0, notComparable: 3 } });
    expect(tests.nodes.map((node: any) => [node.outcome, node.baselineStatus, node.candidateStatus])).toEqual([
      ["REGRESSED", "PASSED", "FAILED"], ["UNCHANGED", "PASSED", "PASSED"], ["REGRESSED", "PASSED", "FAILED"], ["NOT_COMPARABLE", "ERROR", "PASSED"], ["NOT_COMPARABLE", null, "PASSED"], ["NOT_COMPARABLE", "FAILED", "ERROR"],
    ]); // prettier-ignore
    expect(tests.nodes[1].baseline).toEqual([4, 5, 6].map((ordinal, index) => ({ id: resultId(before.id, ordinal), status: ["PASSED", "FAILED", "PASSED"][index], trial: index + 1 })));
    expect(tests.nodes[1].candidate).toEqual([4, 5, 6].map((ordinal) => ({ id: resultId(now.id, ordinal) })));
  });

  it("counts the verdicts of reviewers, not the automated ones", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 1 });
    const before = await run({ testSet, results: [{ ordinal: 1, status: "PASSED", automatedStatus: "FAILED" }] });
    const now = await run({ testSet, results: [{ ordinal: 1, status: "FAILED", automatedStatus: "PASSED" }] });
    expect(await compare(before, now, "summary { regressed } tests { nodes { outcome baselineStatus candidateStatus } }")).toEqual({ summary: { regressed: 1 }, tests: { nodes: [{ outcome: "REGRESSED", baselineStatus: "PASSED", candidateStatus: "FAILED" }] } });
  });

  it("knows the tests that only one run has, whatever their places, and lists the removed ones last", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 6 });
    const before = await run({ testSet, positions: [1, 2, 4, 6], results: results("PPFP") });
    const now = await run({ testSet, positions: [2, 3, 4, 5], results: results("PPPE") });
    const { summary, tests } = await compare(before, now, `${SUMMARY} tests { totalCount nodes { outcome test { position } baselineStatus candidateStatus baseline { id } candidate { id } contentChanged } }`);
    expect(summary).toEqual({ improved: 1, regressed: 0, unchanged: 1, added: 2, removed: 2, notComparable: 0 });
    expect(tests.totalCount).toBe(6);
    expect(tests.nodes.map((node: any) => [node.test.position, node.outcome, node.baselineStatus, node.candidateStatus, node.baseline.length, node.candidate.length, node.contentChanged])).toEqual([
      [2, "UNCHANGED", "PASSED", "PASSED", 1, 1, false], [3, "ADDED", null, "PASSED", 0, 1, false], [4, "IMPROVED", "FAILED", "PASSED", 1, 1, false],
      [5, "ADDED", null, "ERROR", 0, 1, false], [1, "REMOVED", "PASSED", null, 1, 0, false], [6, "REMOVED", "PASSED", null, 1, 0, false],
    ]); // prettier-ignore
  });

  it("has every planned test of runs that go on or were cancelled, without a verdict", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 5 });
    const before = await run({ testSet, status: "CANCELLED", results: results("PP  F") });
    const now = await run({ testSet, status: "RUNNING", results: results("P R"), running: [3, 4] });
    const { summary, tests } = await compare(before, now, `${SUMMARY} tests { nodes { outcome baselineStatus candidateStatus baseline { status } candidate { status } } }`);
    expect(summary).toEqual({ improved: 0, regressed: 0, unchanged: 1, added: 0, removed: 0, notComparable: 4 });
    expect(tests.nodes.map((node: any) => [node.baselineStatus, node.candidateStatus])).toEqual([["PASSED", "PASSED"], ["PASSED", "PENDING"], ["CANCELLED", "RUNNING"], ["CANCELLED", "RUNNING"], ["FAILED", "PENDING"]]);
    for (const node of tests.nodes) expect([node.baseline[0].status, node.candidate[0].status]).toEqual([node.baselineStatus, node.candidateStatus]);
  });

  it("tells edited prompts from edited labels, and from prompts that were edited back", async () => {
    const { createTestSet: set } = await app.data(`mutation { createTestSet(input: { name: "Edited", tests: [{ prompt: { content: "a" } }, { prompt: { content: "b" } }, { prompt: { content: "c" } }] }) { id tests { nodes { id } } } }`);
    const [a, b, c] = set.tests.nodes.map((node: any) => node.id as string);
    const { createEndpoint: endpoint } = await app.data(`mutation { createEndpoint(input: { name: "Nowhere", url: "http://127.0.0.1:9/" }) { id } }`);
    const execute = async (): Promise<any> => (await app.data(`mutation ($s: ID!, $e: ID!) { executeTestSet(input: { testSet: { id: $s }, endpoint: { id: $e } }) { id } }`, { s: set.id, e: endpoint.id }))["executeTestSet"];
    const before = await execute();
    for (const content of ["C!", "c"]) await app.data(`mutation ($c: ID!, $content: String!) { updateTest(input: { id: $c, test: { prompt: { content: $content } } }) { id } }`, { c, content });
    await app.data(`mutation ($a: ID!, $b: ID!) { a: updateTest(input: { id: $a, test: { prompt: { content: "A!" } } }) { id } b: updateTest(input: { id: $b, test: { tags: ["x"] } }) { id } }`, { a, b });
    const now = await execute();
    const { tests, changes } = await compare(before, now, "tests { nodes { contentChanged } } changes { what baseline candidate }");
    expect(tests.nodes).toEqual([{ contentChanged: true }, { contentChanged: false }, { contentChanged: false }]);
    expect(changes).toEqual([{ what: "testSetVersion", baseline: 1, candidate: 5 }]);
  });

  it("is null where a run is not there, ill-formed or another organization's", async () => {
    const { id } = await run({});
    const QUERY = `query ($b: ID!, $c: ID!) { compareTestRuns(baselineId: $b, candidateId: $c) { id } testRun(ref: { id: $c }) { comparison(baselineId: $b) { id } } }`;
    for (const other of [newId(IdKind.TEST_RUN), "nonsense", newId(IdKind.TEST_SET)]) {
      expect(await app.data(QUERY, { b: other, c: id })).toEqual({ compareTestRuns: null, testRun: { comparison: null } });
      expect(await app.data(QUERY, { b: id, c: other })).toEqual({ compareTestRuns: null, testRun: null });
    }
    expect(await app.data(QUERY, { b: id, c: id }, await app.otherOrganization("Comparing"))).toEqual({ compareTestRuns: null, testRun: null });
  });

  it("has the same id for the same two runs, and another one for others", async () => {
    const { before, now } = await runsOf("P", "P");
    const ids = async (b: SeededRun, c: SeededRun): Promise<string[]> => {
      const { id, tests } = await compare(b, c, "id tests { nodes { id } }");
      return [id, tests.nodes[0].id];
    };
    const [first, second] = [await ids(before, now), await ids(now, before)];
    expect(await ids(before, now)).toEqual(first);
    expect(new Set([...first, ...second]).size).toBe(4);
    for (const id of first) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("TestRunComparison.metricDeltas", () => {
  it("pairs scores by test, with the paired t interval and Holm's correction", async () => {
    // The scores are Student's sleep data; R: t = -4.0621, p = 0.002833, interval -2.4598858 to -0.7001142 for the first minus the second.
    const [first, second] = [[0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]]; // prettier-ignore
    const [sleep, label] = [await givenMetric(app.database.db, owner, { name: "Sleep" }), await givenMetric(app.database.db, owner, { name: "Label", scoreType: "CATEGORICAL" })];
    const testSet = await givenTestSet(app.database.db, owner, { tests: 11 });
    const runWith = (scores: readonly number[] | undefined, last: ResultSeed): Promise<SeededRun> =>
      run({ testSet, metrics: [sleep, label], results: [...(scores ?? []).map((score, index): ResultSeed => ({ ordinal: index + 1, status: "PASSED", metricResults: [{ score }, { category: "good" }] })), last] });
    // What gave no verdict has no score, and a test that only one run scored is in no pair.
    const before = await runWith(second, { ordinal: 11, status: "PASSED", metricResults: [{ score: 100 }, null] });
    const now = await runWith(first, { ordinal: 11, status: "ERROR", metricResults: [{ score: 50, status: "INCONCLUSIVE" }, null] });
    const { metricDeltas } = await compare(before, now, "metricDeltas { name baselineMean candidateMean meanDelta interval { low high } pValue adjustedPValue pairs }");
    expect(metricDeltas).toEqual([
      { name: "Sleep", pairs: 10, baselineMean: expect.closeTo(2.33, 10), candidateMean: expect.closeTo(0.75, 10), meanDelta: expect.closeTo(-1.58, 10), interval: { low: expect.closeTo(-2.4598858, 6), high: expect.closeTo(-0.7001142, 6) }, pValue: expect.closeTo(0.002833, 6), adjustedPValue: expect.closeTo(0.002833, 6) },
      { name: "Label", pairs: 0, baselineMean: null, candidateMean: null, meanDelta: null, interval: null, pValue: null, adjustedPValue: null },
    ]); // prettier-ignore
  });

  it("takes a test's mean over its trials, corrects p-values for the number of metrics, and keeps to automated verdicts", async () => {
    const metrics = [await givenMetric(app.database.db, owner), await givenMetric(app.database.db, owner)];
    const testSet = await givenTestSet(app.database.db, owner, { tests: 3 });
    const runWith = (scores: readonly (readonly number[])[]): Promise<SeededRun> =>
      run({ testSet, metrics, trials: 2, results: scores.map((pair, index): ResultSeed => ({ ordinal: index + 1, status: "PASSED", metricResults: pair.map((score) => ({ score, status: "FAILED", automatedStatus: "PASSED" })) })) });
    const before = await runWith([[0, 1], [1, 1], [0, 0], [0, 0], [1, 0.5], [0, 0.5]]);
    const now = await runWith([[1, 1], [1, 1], [1, 0], [1, 0], [1, 0.5], [1, 0.5]]);
    // Means by test: 0.5, 0, 0.5 and 1, 1, 1: differences 0.5, 1, 0.5: mean 2/3, sd 1/sqrt(12), t = 4 with 2 degrees of freedom: p = 1 - 4/sqrt(18).
    const { metricDeltas } = await compare(before, now, "metricDeltas { baselineMean candidateMean meanDelta pValue adjustedPValue pairs }");
    const p = 1 - 4 / Math.sqrt(18);
    expect(metricDeltas[0]).toEqual({ pairs: 3, baselineMean: expect.closeTo(1 / 3, 10), candidateMean: 1, meanDelta: expect.closeTo(2 / 3, 10), pValue: expect.closeTo(p, 7), adjustedPValue: expect.closeTo(p, 7) });
    expect(metricDeltas[1]).toEqual({ pairs: 3, baselineMean: 0.5, candidateMean: 0.5, meanDelta: 0, pValue: null, adjustedPValue: null });
  });

  it("shows what only one run measured, with its own mean, and pairs metrics of one name that are not the same", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 2 });
    const metric = (name: string) => givenMetric(app.database.db, owner, { name });
    const [old, recent, gone, anew] = [await metric("Old"), await metric("Recent"), await metric("Same name"), await metric("Anew")];
    await app.database.db.updateTable("metricVersions").set({ definition: { name: "same NAME", kind: "BUILT_IN", scoreType: "NUMERIC", builtIn: "equals" } }).where("organizationId", "=", owner.organizationId).where("id", "=", anew.versionId).execute();
    const scored = (a: number, b: number): ResultSeed[] => [1, 2].map((ordinal) => ({ ordinal, status: "PASSED", metricResults: [{ score: a }, { score: b + ordinal }] }));
    const before = await run({ testSet, metrics: [old, gone], results: scored(0.25, 1) });
    const now = await run({ testSet, metrics: [recent, anew], results: scored(0.75, 2) });
    const { metricDeltas, changes } = await compare(before, now, "metricDeltas { name baselineMean candidateMean meanDelta pairs } changes { what baseline candidate }");
    expect(metricDeltas).toEqual([
      { name: "Recent", baselineMean: null, candidateMean: 0.75, meanDelta: null, pairs: 0 },
      { name: "same NAME", baselineMean: 2.5, candidateMean: 3.5, meanDelta: 1, pairs: 2 },
      { name: "Old", baselineMean: 0.25, candidateMean: null, meanDelta: null, pairs: 0 },
    ]);
    expect(changes.find((change: any) => change.what === "metricVersions")).toEqual({ what: "metricVersions", baseline: { Old: 1, "Same name": 1, Recent: null, "same NAME": null }, candidate: { Old: null, "Same name": null, Recent: 1, "same NAME": 1 } });
  });
});

describe("TestRunComparison", () => {
  it("has the deltas of latency percentiles, null where a run has none", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 5 });
    const withLatency = (factor: number): ResultSeed[] => results("PPPPP", (ordinal) => ({ latencyMs: ordinal * factor }));
    const [before, now, rescore] = [await run({ testSet, results: withLatency(10) }), await run({ testSet, results: withLatency(100) }), await run({ testSet, kind: "RESCORE", results: results("PPPPP") })];
    // Medians 30 and 300; 95th percentiles at rank 4.8: 48 and 480.
    expect(await compare(before, now, "latencyP50DeltaMs latencyP95DeltaMs")).toEqual({ latencyP50DeltaMs: 270, latencyP95DeltaMs: expect.closeTo(432, 8) });
    expect(await compare(before, rescore, "latencyP50DeltaMs latencyP95DeltaMs")).toEqual({ latencyP50DeltaMs: null, latencyP95DeltaMs: null });
  });

  it("lists what differs besides the answers, and nothing that does not", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 1 });
    const [kept, changed] = [await givenMetric(app.database.db, owner, { name: "Kept" }), await givenMetric(app.database.db, owner, { name: "Changed" })];
    const version = { ...changed, versionId: newId(IdKind.METRIC_VERSION) };
    await app.database.db.insertInto("metricVersions").values({ organizationId: owner.organizationId, id: version.versionId, metricId: changed.id, number: 2, definition: { name: "Changed", kind: "BUILT_IN", scoreType: "NUMERIC", builtIn: "equals" }, createdById: null, createdAt: new Date() }).execute();
    const before = await run({ testSet, metrics: [kept, changed], parameters: '{"temperature":0,"top_p":1}' });
    const now = await run({ testSet, endpoint: before.endpoint, metrics: [kept, version], parameters: '{"top_p":1,"temperature":0.7}', mode: "SEQUENTIAL", kind: "RESCORE", selection: '{"tags":["x"]}' });
    const same = await run({ testSet, endpoint: before.endpoint, metrics: [kept, changed], parameters: '{"top_p":1,"temperature":0}' });
    expect((await compare(before, same, "changes { what }"))["changes"]).toEqual([]);
    expect((await compare(before, now, "changes { what baseline candidate }"))["changes"]).toEqual([
      { what: "kind", baseline: "EXECUTION", candidate: "RESCORE" },
      { what: "mode", baseline: "PARALLEL", candidate: "SEQUENTIAL" },
      { what: "selection", baseline: null, candidate: { tags: ["x"] } },
      { what: "parameters", baseline: { temperature: 0, top_p: 1 }, candidate: { temperature: 0.7, top_p: 1 } },
      { what: "metricVersions", baseline: { Changed: 1 }, candidate: { Changed: 2 } },
    ]);
    await app.data(`mutation ($id: ID!) { deleteMetric(ref: { id: $id }) }`, { id: changed.id });
    const anew = await givenMetric(app.database.db, owner, { name: "Changed" });
    const replaced = await run({ testSet, endpoint: before.endpoint, metrics: [kept, anew], parameters: '{"top_p":1,"temperature":0}' });
    const [one, other] = [`Changed (${changed.id})`, `Changed (${anew.id})`];
    expect((await compare(before, replaced, "changes { what baseline candidate }"))["changes"]).toEqual([{ what: "metricVersions", baseline: { [one]: 1, [other]: null }, candidate: { [one]: null, [other]: 1 } }]);
    const elsewhere = await run({});
    expect((await compare(before, elsewhere, "changes { what }"))["changes"].map((change: any) => change.what)).toEqual(["testSet", "endpoint", "endpointVersionHash", "parameters", "metricVersions"]);
  });

  it("lists the sets whose versions differ between runs over several sets", async () => {
    const setOf = async (name: string): Promise<string> => (await app.data(`mutation ($name: String!) { createTestSet(input: { name: $name, tests: [{ behavior: "Across sets", prompt: { content: "a" } }] }) { id } }`, { name }))["createTestSet"].id as string;
    const [grown] = [await setOf("Grows"), await setOf("Stays")];
    const behavior = (await app.data(`{ behaviors(name: { eq: "Across sets" }) { nodes { id } } }`))["behaviors"].nodes[0].id as string;
    const { createEndpoint: bot } = await app.data(`mutation { createEndpoint(input: { name: "For several sets", url: "http://127.0.0.1:9/" }) { id } }`);
    const { createTestConfiguration: configuration } = await app.data(`mutation ($bot: ID!, $behavior: ID!) { createTestConfiguration(input: { endpoint: { id: $bot }, behaviorId: $behavior }) { id } }`, { bot: bot.id, behavior });
    const execute = async (): Promise<any> => (await app.data(`mutation ($id: ID!) { executeTestConfiguration(input: { configurationId: $id }) { id } }`, { id: configuration.id }))["executeTestConfiguration"];
    const before = await execute();
    await app.data(`mutation ($id: ID!) { addTests(testSet: { id: $id }, tests: [{ behavior: "Across sets", prompt: { content: "b" } }]) { id } }`, { id: grown });
    const now = await execute();
    expect(await compare(before, before, "changes { what }")).toEqual({ changes: [] });
    expect(await compare(before, now, "summary { added } changes { what baseline candidate }")).toEqual({ summary: { added: 1 }, changes: [{ what: "testSetVersions", baseline: { [grown]: 1 }, candidate: { [grown]: 2 } }] });
  });
});
