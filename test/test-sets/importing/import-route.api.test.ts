import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GatewayServer } from "../../../src/http/index.js";
import { createTestApp, type TestApp } from "../../support/app.js";
import { ADMIN_TOKEN, startTestServer } from "../../support/server.js";

let app: TestApp;
let server: GatewayServer;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
});
afterAll(async () => {
  await server.close(0);
  await app.close();
});

async function post(query: Record<string, string> | [string, string][], body: string | ReadableStream<Uint8Array>, token = ADMIN_TOKEN): Promise<{ status: number; answer: Record<string, any> }> {
  const url = new URL("/test-sets/import", server.url);
  url.search = new URLSearchParams(query).toString();
  const response = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${token}` }, body, duplex: "half" });
  return { status: response.status, answer: (await response.json()) as Record<string, any> };
}

/** `rows` lines of about a kilobyte, made as they are read. */
function lines(rows: number): ReadableStream<Uint8Array> {
  let row = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (row >= rows) return controller.close();
      const block = Array.from({ length: 100 }, () => JSON.stringify({ id: `k${(row += 1)}`, prompt: `${row} ${"lorem ipsum ".repeat(80)}`, expected: String(row), topic: `t${row % 7}` }));
      controller.enqueue(Buffer.from(`${block.join("\n")}\n`));
    },
  });
}

describe("POST /test-sets/import", () => {
  it("answers the report", async () => {
    expect(await post({ testSet: "Posted", format: "csv" }, "prompt,key\np,1\n")).toEqual({ status: 200, answer: { testSet: { id: expect.any(String), name: "Posted", type: "SINGLE_TURN", version: 1, testCount: 1 }, created: 1, updated: 0, unchanged: 0, rejectedCount: 0, rejected: [] } });
    expect((await post({ testSet: "Posted", format: "CSV", dryRun: "true", columns: '{"topic":"key"}' }, "prompt,key\np,1\n,2\n")).answer).toMatchObject({ created: 0, rejectedCount: 1, rejected: [{ row: 2, field: "prompt" }] });
  });

  it("takes files of tens of megabytes as they come", async () => {
    const { answer } = await post({ testSet: "Large", format: "JSONL" }, lines(20_000));
    expect(answer).toMatchObject({ created: 20_000, testSet: { testCount: 20_000 } });
    const id = answer["testSet"].id as string;
    expect((await post({ testSet: id, format: "JSONL" }, lines(20_000))).answer).toMatchObject({ created: 0, unchanged: 20_000, testSet: { id, version: 1 } });
  }, 120_000);

  it("refuses bad arguments all at once, and callers without a token", async () => {
    const bad = await post({ format: "XML", columns: "[1]", dryRun: "maybe" }, "x");
    expect([bad.status, bad.answer["errors"][0].extensions.problems.map((problem: { field: string }) => problem.field)]).toEqual([400, ["testSet", "format", "columns", "dryRun"]]);
    const unknown = await post({ testSet: "Unknown", format: "CSV", dryrun: "true", project: "x" }, "prompt\na\n");
    expect([unknown.status, unknown.answer["errors"][0].extensions.problems.map((problem: { field: string }) => problem.field)]).toEqual([400, ["dryrun", "project"]]);
    expect((await app.data('{ testSet(ref: { name: "Unknown" }) { id } }'))["testSet"]).toBeNull();
    const twice = await post([["testSet", "x"], ["format", "CSV"], ["dryRun", "true"], ["dryRun", "false"]], "prompt\na\n");
    expect(twice).toMatchObject({ status: 400, answer: { errors: [{ extensions: { problems: [{ field: "dryRun", message: "Give it once." }] } }] } });
    expect((await post({ testSet: "x", format: "JSON" }, "{")).answer["errors"][0].extensions).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "content" }] });
    expect((await post({ testSet: "x", format: "CSV" }, "prompt\na\n", "wrong")).status).toBe(401);
  });
});
