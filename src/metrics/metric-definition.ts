import { BadUserInputError, assertNoProblems } from "../errors.js";
import { defineBuiltIn, redefineBuiltIn } from "./built-in-definition.js";
import { initialScore } from "./free-score.js";
import { redefineJudge } from "./judge-definition.js";
import { type MetricDefinition, MetricKind, toDefinition } from "./metric.js";
import type { Defined, DefinitionGround, MetricFields, NewMetric } from "./metric-fields.js";
import { redefineRemote } from "./remote-definition.js";

const NO_GROUND: DefinitionGround = { allowPrivate: false, hasSecret: false };

/** The definition of a new metric. Without a score type a judge or remote metric is NUMERIC. */
export function defineMetric(given: NewMetric, ground: DefinitionGround = NO_GROUND): Defined {
  const { kind } = given;
  const scoreType = given.scoreType ?? (kind === MetricKind.BUILT_IN ? "BINARY" : "NUMERIC");
  const start = toDefinition({ name: given.name, kind, builtIn: given.builtIn ?? null, scoreType });
  switch (kind) {
    case "BUILT_IN":
      return defineBuiltIn(start, given, ground);
    case "LLM_JUDGE":
      return redefineJudge({ ...start, builtIn: null, ...initialScore(scoreType) }, given, ground);
    case "REMOTE":
      return redefineRemote({ ...start, builtIn: null, ...initialScore(scoreType) }, given, ground);
    default:
      return kind satisfies never;
  }
}

/** The definition of a metric with changes. */
export function redefineMetric(previous: MetricDefinition, changes: MetricFields, ground: DefinitionGround): Defined {
  const { kind } = previous;
  switch (kind) {
    case "BUILT_IN":
      return redefineBuiltIn(previous, changes, ground);
    case "LLM_JUDGE":
      return redefineJudge(previous, changes, ground);
    case "REMOTE":
      return redefineRemote(previous, changes, ground);
    default:
      return kind satisfies never;
  }
}

/** BAD_USER_INPUT with all problems; its reason is BLOCKED_ADDRESS when an address is one. */
export function assertUsable({ problems }: Defined): void {
  const blocked = problems.find((problem) => problem.isBlocked);
  const plain = problems.map(({ field, message }) => ({ field, message }));
  if (blocked !== undefined) throw new BadUserInputError(`${blocked.field}: ${blocked.message}`, plain, "BLOCKED_ADDRESS");
  assertNoProblems(plain);
}
