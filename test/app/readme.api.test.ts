import { readFile } from "node:fs/promises";
import { parse, validate } from "graphql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
let blocks: string[];
beforeAll(async () => {
  app = await createTestApp();
  const readme = await readFile("README.md", "utf8");
  blocks = [...readme.matchAll(/```graphql\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
});
afterAll(() => app.close());

/** Runs one named operation of a block. */
async function run(block: string, operation: string): Promise<Record<string, any>> {
  const start = block.indexOf(`${operation} {`);
  const end = block.indexOf("\n}\n", start);
  return app.data(`mutation ${block.slice(start, end + 2)}`);
}

it("every operation of the README is valid", () => {
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  for (const block of blocks) expect(validate(app.schema, parse(block)).map((error) => error.message)).toEqual([]);
});

it("the first steps, the evaluation, the endpoints and the metrics of the README work one after the other", async () => {
  const block = (name: string): string => blocks.find((text) => text.includes(`mutation ${name} {`)) ?? "";
  expect((await run(block("Design"), "Design"))["createTestSet"].testCount).toBe(2);
  expect((await run(block("Execute"), "Execute"))["executeTestSet"].name).toBe("Smoke - Run 1");
  expect((await run(block("Question"), "Question"))["createEvaluationTestCase"].version).toBe(1);
  expect((await run(block("Evaluate"), "Evaluate"))["runEvaluationTestCase"]).toEqual([{ name: "Release - Run 1", status: "QUEUED", passReason: "The run has not finished." }]);
  const endpoints = await run(block("Endpoints"), "Endpoints");
  expect(endpoints["rest"].requestHeaders).toEqual({ authorization: "***", test: "{{ test_key }}" });
  expect(endpoints["chat"].hasCredentials).toBe(true);
  const metrics = await run(block("Metrics"), "Metrics");
  expect(metrics["close"].thresholdOperator).toBe("GTE");
  const judges = await run(block("JudgeMetrics"), "JudgeMetrics");
  expect(judges["createModel"].hasApiKey).toBe(true);
  expect(judges["helpful"].threshold).toBe(4);
  expect(metrics["addTestSetMetrics"].metrics.map((metric: { name: string }) => metric.name)).toEqual(["asks back", "close enough"]);
});
