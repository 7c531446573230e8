import type { ScoredMetric, ScoreInput } from "../../src/scoring/index.js";
import { defineMetric, type MetricDefinition, type NewMetric } from "../../src/metrics/index.js";

/** An answer to judge: defaults for everything, override what the test is about. */
export function givenAnswer(text: string, more: Partial<Omit<ScoreInput, "output">> & { output?: Partial<ScoreInput["output"]> } = {}): ScoreInput {
  return {
    testType: "SINGLE_TURN",
    input: "What is it?",
    plan: null,
    expectedResponse: null,
    context: [],
    answerContext: [],
    metadata: {},
    params: {},
    sessionId: null,
    languageCode: null,
    testId: "test",
    testKey: null,
    runId: "run",
    resultId: "result",
    trial: 1,
    ...more,
    output: { text, latencyMs: 12, toolCalls: null, metadata: null, turns: [], ...more.output },
  };
}

/** A metric as createMetric would define it. */
export function givenMetric(builtIn: string, parameters: Record<string, unknown> = {}, more: Partial<NewMetric> = {}): MetricDefinition {
  const { definition, problems } = defineMetric({ name: builtIn, kind: "BUILT_IN", builtIn, parameters, ...more });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return definition;
}

/** The definition as a run pins it. */
export function asMetric(definition: MetricDefinition): ScoredMetric {
  return { organizationId: "organization", metricId: "metric", definition };
}

export const NO_SIGNAL = new AbortController().signal;
