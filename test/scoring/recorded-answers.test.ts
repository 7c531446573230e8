import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { createScorer } from "../../src/scoring/index.js";
import { asMetric, givenAnswer, givenMetric, NO_SIGNAL } from "./score-input.js";

const scorer = createScorer();
afterAll(() => scorer.close());

interface Recorded {
  readonly is_correct: boolean;
  readonly solution: string;
}
interface Row extends Record<string, unknown> {
  readonly question: string;
  readonly answer: string;
}

const rows = readFileSync(new URL("../fixtures/gsm8k_recorded_answers_200.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Row);

it.each([
  ["6b_finetuning", 45],
  ["6b_verification", 75],
  ["175b_finetuning", 65],
  ["175b_verification", 110],
])("extracted_answer agrees with every published verdict on %s's answers: %i of 200 pass", async (model, passes) => {
  const metric = givenMetric("extracted_answer", { pattern: "A: (.+)", expectedPattern: "#### (.+)", as: "number" });
  const verdicts = await Promise.all(rows.map((row) => scorer.score(asMetric(metric), givenAnswer((row[model] as Recorded).solution, { expectedResponse: row.answer }), NO_SIGNAL)));
  expect(verdicts.filter((verdict) => verdict.error !== null)).toEqual([]);
  expect(verdicts.map((verdict) => verdict.status === "PASSED")).toEqual(rows.map((row) => (row[model] as Recorded).is_correct));
  expect(verdicts.filter((verdict) => verdict.status === "PASSED")).toHaveLength(passes);
});
