import { randomBytes } from "node:crypto";
import type { MetricDefinition } from "../../metrics/index.js";
import { allOf } from "../all-of.js";
import type { Finding } from "../finding.js";
import type { ModelSession } from "../callers.js";
import { ScoringFault } from "../score.js";
import type { ScoringContext } from "../scoring-context.js";
import { judgeQuestion } from "./judge-prompt.js";
import { readVote, verdictForm } from "./judge-verdict.js";
import { type Ballot, countVotes } from "./judge-votes.js";
import { completeObject } from "./structured-answer.js";

/** 96 random bits: nobody who writes an answer can know them. */
const FENCE_BYTES = 12;

/** Judges by a model. ScoringFault where there is no verdict; throws the signal's reason. */
export async function scoreByJudge({ definition, input, calls }: Pick<ScoringContext, "definition" | "input" | "calls">): Promise<Finding> {
  if (definition.modelId === null) throw new ScoringFault("INVALID_PARAMETERS", "The metric has no model to judge by. Give it one.");
  const question = { ...judgeQuestion(definition, input, randomBytes(FENCE_BYTES).toString("hex")), temperature: numberOr(definition.parameters["temperature"], 0) };
  const session = await calls.model(definition.modelId);
  const vote = (): Promise<Ballot> => cast(session, definition, question);
  // The first sample finds out how the model can be asked, for the others too.
  const first = await vote();
  const others = await allOf(Array.from({ length: numberOr(definition.parameters["votes"], 1) - 1 }, vote));
  const finding = countVotes(definition, [first, ...others]);
  return { ...finding, metadata: { ...finding.metadata, model: session.model.model } };
}

/** One sample's vote. Only faults become ballots: what ends the work is thrown. */
async function cast(session: ModelSession, definition: MetricDefinition, question: Parameters<typeof completeObject>[1]): Promise<Ballot> {
  try {
    const { fields } = await completeObject(session, question, verdictForm(definition));
    return readVote(definition, fields);
  } catch (error) {
    if (error instanceof ScoringFault) return error;
    throw error;
  }
}

function numberOr(value: unknown, absent: number): number {
  return typeof value === "number" ? value : absent;
}
