import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  for (const name of ["Set A", "Set B"]) await app.data("mutation ($name: String!) { createTestSet(input: { name: $name, tests: [{ prompt: { content: \"Hi\" } }] }) { id } }", { name });
  const metric = (name: string, fields: string) => app.data(`mutation { createMetric(input: { name: "${name}", kind: BUILT_IN, ${fields} }) { id } }`);
  await metric("exact", 'builtIn: "equals"');
  await metric("overlap", 'builtIn: "token_f1", threshold: 0.5');
  await metric("slow", 'builtIn: "latency", parameters: { threshold: 100 }, minScore: null, maxScore: null');
  await metric("even", 'builtIn: "token_f1", threshold: 0.5, thresholdOperator: EQ');
});
afterAll(() => app.close());

const FIELDS = "id name description version project { name } testSet { name } metrics { name } starMetric { metric { name } successThreshold successThresholdPct } totalRuns latestVersionRuns createdBy { email } archivedAt";
const CREATE = `mutation ($input: CreateEvaluationTestCaseInput!) { createEvaluationTestCase(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateEvaluationTestCaseInput!) { updateEvaluationTestCase(input: $input) { ${FIELDS} } }`;
const ARCHIVE = "mutation ($ref: EntityRef!) { archiveEvaluationTestCase(ref: $ref) { id archivedAt } }";
const VERSIONS = `query ($ref: EntityRef!) { evaluationTestCase(ref: $ref) { versions { totalCount nodes { version name description testSet { name } metrics { name } starMetric { metric { name } successThreshold successThresholdPct } createdBy { email } } } } }`;

let count = 0;
function input(changes: Record<string, unknown> = {}): Record<string, unknown> {
  count += 1;
  return { name: `Case ${count}`, testSet: { name: "Set A" }, metrics: [{ name: "exact" }, { name: "overlap" }], ...changes };
}
async function create(changes: Record<string, unknown> = {}): Promise<Record<string, any>> {
  return (await app.data(CREATE, { input: input(changes) }))["createEvaluationTestCase"];
}

describe("evaluation test cases", () => {
  it("say which tests, which metrics, and what decides", async () => {
    expect(await create({ name: " Release ", description: "May it ship?", starMetric: { metric: { name: "OVERLAP" }, successThreshold: 0.7 } })).toEqual({
      id: expect.any(String), name: "Release", description: "May it ship?", version: 1, project: { name: "Default" }, testSet: { name: "Set A" }, metrics: [{ name: "exact" }, { name: "overlap" }],
      starMetric: { metric: { name: "overlap" }, successThreshold: 0.7, successThresholdPct: null }, totalRuns: 0, latestVersionRuns: 0, createdBy: { email: "admin@localhost" }, archivedAt: null,
    }); // prettier-ignore
  });

  it("get a new version with every update, and keep the earlier ones", async () => {
    const { id } = await create({ name: "Versioned", description: "first", starMetric: { metric: { name: "exact" }, successThresholdPct: 90 } });
    const { updateEvaluationTestCase: second } = await app.data(UPDATE, { input: { testCase: { id }, name: "Renamed", testSet: { name: "Set B" }, metrics: [{ name: "exact" }] } });
    expect(second).toMatchObject({ id, version: 2, name: "Renamed", description: "first", testSet: { name: "Set B" }, metrics: [{ name: "exact" }], starMetric: { metric: { name: "exact" }, successThresholdPct: 90 } });
    const { updateEvaluationTestCase: third } = await app.data(UPDATE, { input: { testCase: { name: "renamed" }, description: null, starMetric: null } });
    expect(third).toMatchObject({ version: 3, description: null, starMetric: null });
    expect((await app.data(VERSIONS, { ref: { id } }))["evaluationTestCase"].versions).toEqual({
      totalCount: 3,
      nodes: [
        { version: 3, name: "Renamed", description: null, testSet: { name: "Set B" }, metrics: [{ name: "exact" }], starMetric: null, createdBy: { email: "admin@localhost" } },
        { version: 2, name: "Renamed", description: "first", testSet: { name: "Set B" }, metrics: [{ name: "exact" }], starMetric: { metric: { name: "exact" }, successThreshold: null, successThresholdPct: 90 }, createdBy: { email: "admin@localhost" } },
        { version: 1, name: "Versioned", description: "first", testSet: { name: "Set A" }, metrics: [{ name: "exact" }, { name: "overlap" }], starMetric: { metric: { name: "exact" }, successThreshold: null, successThresholdPct: 90 }, createdBy: { email: "admin@localhost" } },
      ],
    }); // prettier-ignore
  });

  it("have versions without gaps however many change them at the same moment", async () => {
    const { id } = await create();
    await Promise.all(Array.from({ length: 8 }, (_, n) => app.data(UPDATE, { input: { testCase: { id }, description: `change ${n}` } })));
    expect((await app.data(VERSIONS, { ref: { id } }))["evaluationTestCase"].versions.nodes.map((each: any) => each.version)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it("have names of their own in their project, which archiving frees", async () => {
    const { id } = await create({ name: "Taken" });
    const other = await create();
    expect(await app.error(CREATE, { input: input({ name: "TAKEN" }) })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect(await app.error(UPDATE, { input: { testCase: { id: other["id"] }, name: "taken" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    const { archiveEvaluationTestCase: archived } = await app.data(ARCHIVE, { ref: { id } });
    expect(archived.archivedAt).toEqual(expect.any(String));
    expect(await app.data(ARCHIVE, { ref: { id } })).toEqual({ archiveEvaluationTestCase: archived });
    const again = await create({ name: "Taken" });
    expect(await app.data(`query ($id: ID!) { byName: evaluationTestCase(ref: { name: "taken" }) { id } byId: evaluationTestCase(ref: { id: $id }) { name archivedAt } node(id: $id) { ... on EvaluationTestCase { name } } }`, { id })).toEqual({
      byName: { id: again["id"] }, byId: { name: "Taken", archivedAt: archived.archivedAt }, node: { name: "Taken" },
    }); // prettier-ignore
    expect(await app.error(UPDATE, { input: { testCase: { id }, description: "x" } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    const listed = await app.data(`{ without: evaluationTestCases(name: { eq: "taken" }) { totalCount } with: evaluationTestCases(name: { eq: "taken" }, includeArchived: true) { totalCount } }`);
    expect(listed).toEqual({ without: { totalCount: 1 }, with: { totalCount: 2 } });
  });

  it("need exactly one threshold that fits the star metric", async () => {
    const refused = async (metric: string, thresholds: Record<string, unknown>) => app.error(CREATE, { input: input({ metrics: ["exact", "overlap", "slow", "even"].map((name) => ({ name })), starMetric: { metric: { name: metric }, ...thresholds } }) });
    expect(await refused("overlap", {})).toMatchObject({ code: "BAD_USER_INPUT", reason: "THRESHOLD_NEEDED" });
    expect(await refused("overlap", { successThreshold: 0.5, successThresholdPct: 50 })).toMatchObject({ code: "BAD_USER_INPUT", reason: "THRESHOLD_NEEDED" });
    expect(await refused("exact", { successThreshold: 1 })).toMatchObject({ code: "BAD_USER_INPUT", reason: "THRESHOLD_NEEDED", problems: [{ field: "input.starMetric.successThreshold" }] });
    expect(await refused("overlap", { successThresholdPct: 101 })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.starMetric.successThresholdPct" }] });
    expect(await refused("even", { successThreshold: 0.5 })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.starMetric.metric" }] });
    expect(await refused("slow", { successThresholdPct: 50 })).toMatchObject({ code: "BAD_USER_INPUT", reason: "THRESHOLD_NEEDED" });
    expect(await app.error(CREATE, { input: input({ metrics: [{ name: "exact" }], starMetric: { metric: { name: "overlap" }, successThreshold: 0.5 } }) })).toMatchObject({ problems: [{ field: "input.starMetric.metric" }] });
    const { id } = await create({ starMetric: { metric: { name: "overlap" }, successThreshold: 0.5 } });
    expect(await app.error(UPDATE, { input: { testCase: { id }, metrics: [{ name: "exact" }] } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.starMetric.metric" }] });
  });

  it("list every problem of their input, and name what is not there", async () => {
    expect(await app.error(CREATE, { input: input({ name: " ", description: "\0", metrics: [] }) })).toMatchObject({ problems: [{ field: "input.name" }, { field: "input.description" }, { field: "input.metrics" }] });
    const { id } = await create();
    expect(await app.error(UPDATE, { input: { testCase: { id }, name: null, testSet: null, metrics: null } })).toMatchObject({ problems: [{ field: "input.name" }, { field: "input.testSet" }, { field: "input.metrics" }] });
    expect(await app.error(CREATE, { input: input({ testSet: { name: "Nowhere" } }) })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(CREATE, { input: input({ metrics: [{ name: "nobody" }] }) })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(CREATE, { input: input({ projectId: "nonsense" }) })).toMatchObject({ code: "NOT_FOUND" });
    for (const ref of [{ id: "nonsense" }, { name: "nobody" }]) {
      expect(await app.error(ARCHIVE, { ref })).toMatchObject({ code: "NOT_FOUND" });
      expect(await app.data("query ($ref: EntityRef!) { evaluationTestCase(ref: $ref) { id } }", { ref })).toEqual({ evaluationTestCase: null });
    }
    expect(await app.error(CREATE, { input: input() }, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN" });
  });

  it("belong to their organization", async () => {
    const { id } = await create();
    const other = await app.otherOrganization();
    expect(await app.data("query ($id: ID!) { node(id: $id) { id } evaluationTestCase(ref: { id: $id }) { id } evaluationTestCases { totalCount } }", { id }, other)).toEqual({ node: null, evaluationTestCase: null, evaluationTestCases: { totalCount: 0 } });
    expect(await app.error(UPDATE, { input: { testCase: { id }, name: "Theirs" } }, other)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("still show sets and metrics that were deleted", async () => {
    await app.data(`mutation { createTestSet(input: { name: "Gone" }) { id } createMetric(input: { name: "gone", kind: BUILT_IN, builtIn: "equals" }) { id } }`);
    const { id } = await create({ testSet: { name: "Gone" }, metrics: [{ name: "gone" }] });
    await app.data(`mutation { deleteTestSet(ref: { name: "Gone" }) deleteMetric(ref: { name: "gone" }) }`);
    expect((await app.data("query ($id: ID!) { evaluationTestCase(ref: { id: $id }) { testSet { name } metrics { name } } }", { id }))["evaluationTestCase"]).toEqual({ testSet: { name: "Gone" }, metrics: [{ name: "gone" }] });
    expect(await app.error(CREATE, { input: input({ metrics: [{ name: "gone" }] }) })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("are listed newest first in the same number of statements however many, versions and runs included", async () => {
    for (let n = 1; n <= 20; n += 1) await create({ name: `Listed ${n}`, starMetric: { metric: { name: "exact" }, successThresholdPct: 50 } });
    const query = `query ($first: Int, $after: String) { evaluationTestCases(name: { startsWith: "listed" }, first: $first, after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { name project { name } testSet { name } metrics { name }
      starMetric { metric { name } } totalRuns latestVersionRuns createdBy { name } versions(first: 2) { totalCount nodes { version testSet { name } } } evaluationRuns(first: 2) { totalCount nodes { id } } } } }`;
    const { evaluationTestCases: page } = await app.data(query, { first: 2 });
    expect(page).toMatchObject({ totalCount: 20, pageInfo: { hasNextPage: true }, nodes: [{ name: "Listed 20" }, { name: "Listed 19" }] });
    expect((await app.data(query, { first: 1, after: page.pageInfo.endCursor }))["evaluationTestCases"].nodes[0].name).toBe("Listed 18");
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });
});
