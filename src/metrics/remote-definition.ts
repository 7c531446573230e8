import { DEFAULT_LIMITS, limitProblems, MASK, mergeLimits, urlProblems } from "../endpoints/index.js";
import { textFault } from "../texts.js";
import { changedScore, freeScoreProblems } from "./free-score.js";
import type { MetricDefinition } from "./metric.js";
import { chosen, commonProblems, type Defined, type DefinitionGround, type DefinitionProblem, foreignProblems, type MetricFields, withCommonFields } from "./metric-fields.js";

const BOTH = ["SINGLE_TURN", "MULTI_TURN"] as const;
const MAX_SECRET = 1000;

/** The definition of a REMOTE metric with changes; a new one is a change of an empty one. The secret is no part of it. */
export function redefineRemote(previous: MetricDefinition, changes: MetricFields, ground: DefinitionGround): Defined {
  const definition: MetricDefinition = {
    ...withCommonFields(previous, changes, BOTH),
    ...changedScore(previous, changes),
    parameters: chosen(changes.parameters, previous.parameters, {}),
    url: chosen<string | null>(changes.url, previous.url, null),
    limits: mergeLimits(previous.limits ?? DEFAULT_LIMITS, changes.limits),
    groundTruthRequired: chosen(changes.groundTruthRequired, previous.groundTruthRequired, false),
    contextRequired: chosen(changes.contextRequired, previous.contextRequired, false),
  };
  return { definition, problems: problemsOf(definition, changes, ground) };
}

function problemsOf(definition: MetricDefinition, changes: MetricFields, ground: DefinitionGround): DefinitionProblem[] {
  const problems: DefinitionProblem[] = [...commonProblems(definition, changes), ...foreignProblems("REMOTE", changes), ...freeScoreProblems("REMOTE", definition, changes)];
  if (definition.url === null) problems.push({ field: "input.url", message: "A REMOTE metric needs the url that answers with a score." });
  else problems.push(...urlProblems(definition.url, { field: "input.url", schemes: ["http:", "https:"], allowPrivate: ground.allowPrivate }));
  problems.push(...limitProblems(definition.limits ?? DEFAULT_LIMITS, "input.limits"));
  const fault = changes.secret == null ? null : secretFault(changes.secret, ground.hasSecret);
  if (fault !== null) problems.push({ field: "input.secret", message: fault });
  return problems;
}

function secretFault(secret: string, hasSecret: boolean): string | null {
  if (secret === MASK) return hasSecret ? null : `${MASK} keeps a stored secret, and there is none yet. Give the secret.`;
  if (secret.trim() === "" || secret.length > MAX_SECRET) return `A secret has 1 to ${MAX_SECRET} characters and is not blank.`;
  return textFault(secret);
}
