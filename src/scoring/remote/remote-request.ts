import type { MetricDefinition } from "../../metrics/index.js";
import { type ScoreInput, templateValues } from "../score.js";

/** What a REMOTE metric is posted: the test as it was pinned, the answer, and where the verdict belongs. README lists it. */
export function remoteRequest(definition: MetricDefinition, input: ScoreInput): Record<string, unknown> {
  const { name, scoreType, minScore, maxScore, categories, parameters } = definition;
  const { text, turns: _turns, ...details } = input.output;
  return {
    metric: { name, scoreType, minScore, maxScore, categories },
    test: { id: input.testId, key: input.testKey, type: input.testType, languageCode: input.languageCode, context: input.context },
    prompt: input.input,
    expectedResponse: input.expectedResponse,
    output: text,
    outputDetails: { ...details, sessionId: input.sessionId, context: input.answerContext },
    // What the answer rests on, as for the metrics of the library.
    context: input.answerContext.length > 0 ? input.answerContext : input.context,
    conversation: templateValues(input).messages,
    metadata: input.metadata,
    parameters,
    runParameters: input.params,
    runId: input.runId,
    resultId: input.resultId,
    trial: input.trial,
  };
}
