import type { CallVariables } from "../endpoints/index.js";
import { resultId } from "../ids.js";
import type { TestRun } from "../runs/index.js";
import type { PlannedItem } from "./planned-item.js";

/** What a test itself brings to each of its calls. */
export function itemVariables(run: TestRun, item: PlannedItem): Omit<CallVariables, "input" | "messages" | "turn" | "sessionId"> {
  const { revision } = item;
  return {
    expectedResponse: revision.prompt?.expectedResponse ?? null,
    context: revision.prompt?.context ?? [],
    metadata: revision.metadata,
    params: run.parameters,
    testId: revision.testId,
    testKey: revision.key,
    runId: run.id,
    resultId: resultId(run.id, item.ordinal),
    trial: item.trial,
    languageCode: revision.prompt?.languageCode ?? null,
  };
}
