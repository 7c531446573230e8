import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests } from "../support/execution.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const UPDATE = `mutation ($input: UpdateTestRunInput!) { updateTestRun(input: $input) { id name tags attributes owner { id } assignee { id } status } }`;
const update = async (input: Record<string, unknown>): Promise<any> => (await app.data(UPDATE, { input }))["updateTestRun"];
const givenRun = async (): Promise<string> => execute(app, await givenTests(app, { tests: 1 }), await givenEndpointAt(app, "http://127.0.0.1:1"), { name: "before", tags: ["a"], attributes: { note: 1 } });

describe("updateTestRun", () => {
  it("changes what is given, keeps what is absent and clears what is null", async () => {
    const id = await givenRun();
    const { userId } = app.admin;
    expect(await update({ id, name: "after", assigneeId: userId })).toEqual({ id, name: "after", tags: ["a"], attributes: { note: 1 }, owner: { id: userId }, assignee: { id: userId }, status: "QUEUED" });
    expect(await update({ id, tags: ["b", "c", "b"], attributes: { other: true } })).toMatchObject({ name: "after", tags: ["b", "c"], attributes: { other: true } });
    expect(await update({ id, tags: null, attributes: null, ownerId: null, assigneeId: null })).toMatchObject({ name: "after", tags: [], attributes: {}, owner: null, assignee: null });
  });

  it("shows subscribers a step", async () => {
    const id = await givenRun();
    const cursor = async (): Promise<string> => (await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { eventCursor } }`, { id }))["testRun"].eventCursor as string;
    const before = await cursor();
    await update({ id, name: "seen" });
    expect(await cursor()).not.toBe(before);
  });

  it("refuses all that is wrong at once, and what is not there", async () => {
    const id = await givenRun();
    const refused = (input: Record<string, unknown>) => app.error(UPDATE, { input });
    expect(await refused({ id, name: " ", tags: [""], attributes: { timeout: "soon" } })).toMatchObject({
      code: "BAD_USER_INPUT",
      problems: expect.arrayContaining([expect.objectContaining({ field: "input.name" }), expect.objectContaining({ field: "input.attributes.timeout" })]) as unknown,
    });
    expect((await refused({ id, name: " ", tags: [""] }))["problems"]).toHaveLength(2);
    expect(await refused({ id, name: null })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.name" }] });
    expect(await refused({ id: "none", name: "x" })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refused({ id, assigneeId: "nobody" })).toMatchObject({ code: "NOT_FOUND" });
    const stranger = await app.otherOrganization();
    expect(await refused({ id, ownerId: stranger.userId })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { id, name: "x" } }, stranger)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { id, name: "x" } }, app.viewerWith("REVIEWER"))).toMatchObject({ code: "FORBIDDEN" });
    expect(await update({ id })).toMatchObject({ name: "before", tags: ["a"] });
  });
});
