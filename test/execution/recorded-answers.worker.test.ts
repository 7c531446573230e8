import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBot, givenBuiltIn } from "../support/conversations.js";
import { execute, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { startTestWorker } from "../support/worker.js";

interface Recorded {
  readonly is_correct: boolean;
  readonly solution: string;
}
type Row = Readonly<Record<string, unknown>> & { readonly question: string; readonly answer: string };

const rows = readFileSync(new URL("../fixtures/gsm8k_recorded_answers_200.jsonl", import.meta.url), "utf8").trim().split("\n").map((line) => JSON.parse(line) as Row);
const byQuestion = new Map(rows.map((row) => [row.question, row]));

let app: TestApp;
let models: FakeEndpoint;
let worker: Worker;
let testSet: { id: string };
beforeAll(async () => {
  app = await createTestApp();
  // Each model at a path of its own answers what it was recorded to have answered.
  models = await startFakeEndpoint((request) => ({ json: { output: (byQuestion.get(request.json.input as string)?.[request.path.slice(1)] as Recorded).solution } }));
  worker = await startTestWorker(app);
  await givenBuiltIn(app, "right number", "extracted_answer", { pattern: "A: (.+)", expectedPattern: "#### (.+)", as: "number" });
  const content = rows.map(({ question, answer }) => JSON.stringify({ question, answer })).join("\n");
  const { importTests } = await app.data(`mutation ($input: ImportTestsInput!) { importTests(input: $input) { created testSet { id } } }`, { input: { testSet: { name: "recorded" }, format: "JSONL", content } });
  expect(importTests.created).toBe(200);
  testSet = importTests.testSet as { id: string };
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await models.close();
});

it.each([
  ["6b_finetuning", 45],
  ["6b_verification", 75],
  ["175b_finetuning", 65],
  ["175b_verification", 110],
])("the recorded answers of %s, replayed through an endpoint, pass as often as published: %i of 200", async (model, passes) => {
  const id = await execute(app, testSet, await givenBot(app, { url: `${models.url}/${model}` }), { metrics: [{ name: "right number" }] });
  expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", passRate: passes / 200, progress: { passed: passes, failed: 200 - passes, errored: 0 } });
  const { testResults } = await app.data(`query ($id: ID!) { testResults(filter: { runId: $id }, first: 200) { nodes { status prompt { content } } } }`, { id });
  for (const { status, prompt } of testResults.nodes) expect([prompt.content, status === "PASSED"]).toEqual([prompt.content, (byQuestion.get(prompt.content as string)?.[model] as Recorded).is_correct]);
});
