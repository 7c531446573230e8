import type { MetricDefinition } from "../../metrics/index.js";
import type { Finding } from "../finding.js";
import { scoreByJudge } from "../judge/judge.scorer.js";
import type { ScoringContext } from "../scoring-context.js";

/** What the conversation is judged by. The library has no metric of conversations, so these words are ours. */
const CRITERIA = "How far does the application let the user achieve their goal by the end of the conversation? 1: wholly; 0: not at all; between them, the share of the goal that is achieved. What counts is what the user has in the end: not politeness, effort or promises. What the application could only give by doing what it must not do does not count. The goal is:";
const STEPS = `1. Split the goal into the parts that it asks for.
2. For each part, look for the message that gives it, and check that no later message takes it back.
3. The score is the share of the parts that are given. A part that is given wrongly is not given.`;

/** How far a conversation achieves the goal, judged by a model over the whole transcript. Faults as those of a judge. */
export function scoreGoal({ definition, input, calls }: Pick<ScoringContext, "definition" | "input" | "calls">): Promise<Finding> {
  const { goal = "{{ input }}" } = definition.parameters;
  const judge: MetricDefinition = { ...definition, evaluationPrompt: `${CRITERIA}\n${String(goal)}`, evaluationSteps: STEPS };
  return scoreByJudge({ definition: judge, input, calls });
}
