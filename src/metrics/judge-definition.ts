import type { Problem } from "../errors.js";
import { placeholdersOf } from "../templates.js";
import { changedScore, freeScoreProblems } from "./free-score.js";
import { parseJudgePrompt } from "./judge-template.js";
import type { MetricDefinition } from "./metric.js";
import { chosen, commonProblems, type Defined, type DefinitionGround, foreignProblems, type MetricFields, textProblems, withCommonFields } from "./metric-fields.js";

const BOTH = ["SINGLE_TURN", "MULTI_TURN"] as const;
/** More samples of one judge than this cost more than they tell. */
const MAX_VOTES = 9;
const MAX_TEMPERATURE = 2;

/** The definition of an LLM_JUDGE metric with changes; a new one is a change of an empty one. */
export function redefineJudge(previous: MetricDefinition, changes: MetricFields, ground: DefinitionGround): Defined {
  const text = (field: "evaluationPrompt" | "evaluationSteps" | "reasoning" | "evaluationExamples"): string | null => chosen<string | null>(changes[field], previous[field], null);
  const evaluationPrompt = text("evaluationPrompt");
  const needed = promptNeedsGroundTruth(evaluationPrompt);
  const saidSo = previous.groundTruthRequired && !promptNeedsGroundTruth(previous.evaluationPrompt);
  const definition: MetricDefinition = {
    ...withCommonFields(previous, changes, BOTH),
    ...changedScore(previous, changes),
    parameters: chosen(changes.parameters, previous.parameters, {}),
    evaluationPrompt,
    evaluationSteps: text("evaluationSteps"),
    reasoning: text("reasoning"),
    evaluationExamples: text("evaluationExamples"),
    modelId: chosen<string | null>(ground.modelId, previous.modelId, null),
    groundTruthRequired: needed || (changes.groundTruthRequired === undefined ? saidSo : changes.groundTruthRequired === true),
    contextRequired: chosen(changes.contextRequired, previous.contextRequired, false),
  };
  return { definition, problems: problemsOf(definition, changes) };
}

/** Whether the prompt's template names the expected response without a default for it. */
function promptNeedsGroundTruth(prompt: string | null): boolean {
  return prompt !== null && placeholdersOf(parseJudgePrompt(prompt).template).some(({ variable, fallback }) => variable === "expected_response" && fallback === undefined);
}

function problemsOf(definition: MetricDefinition, changes: MetricFields): Problem[] {
  const problems = [...commonProblems(definition, changes), ...foreignProblems("LLM_JUDGE", changes), ...freeScoreProblems("LLM_JUDGE", definition, changes), ...parameterProblems(definition.parameters)];
  for (const field of ["evaluationPrompt", "evaluationSteps", "reasoning", "evaluationExamples"] as const) problems.push(...textProblems(`input.${field}`, definition[field]));
  if (definition.evaluationPrompt === null) problems.push({ field: "input.evaluationPrompt", message: "An LLM_JUDGE needs a prompt that says what to judge and when it is good." });
  else problems.push(...parseJudgePrompt(definition.evaluationPrompt).problems.map((message) => ({ field: "input.evaluationPrompt", message })));
  if (definition.modelId === null) problems.push({ field: "input.model", message: "An LLM_JUDGE needs a model. Make one with createModel and name it here." });
  return problems;
}

function parameterProblems(parameters: MetricDefinition["parameters"]): Problem[] {
  const problems: Problem[] = Object.keys(parameters)
    .filter((name) => name !== "votes" && name !== "temperature")
    .map((name) => ({ field: `input.parameters.${name}`, message: "An LLM_JUDGE has no such parameter. It takes votes and temperature." }));
  const { votes, temperature } = parameters;
  if (votes !== undefined && !(typeof votes === "number" && Number.isInteger(votes) && votes >= 1 && votes <= MAX_VOTES && votes % 2 === 1)) problems.push({ field: "input.parameters.votes", message: `It must be an odd number from 1 to ${MAX_VOTES}, so that votes cannot tie.` });
  if (temperature !== undefined && !(typeof temperature === "number" && temperature >= 0 && temperature <= MAX_TEMPERATURE)) problems.push({ field: "input.parameters.temperature", message: `It must be a number from 0 to ${MAX_TEMPERATURE}; without it the judge runs at 0.` });
  return problems;
}
