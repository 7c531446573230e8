import { findBuiltIn, shapeProblems, ThresholdOperator, variantOf } from "../../metrics/index.js";
import { JUDGE_ASSERTION, judgeAssertion } from "../judge/judge-assertion.js";
import { type Finding, toFinding } from "../finding.js";
import { scoreLibraryAssertion } from "../library/library-assertion.js";
import { isLibraryMetric } from "../library/library.scorer.js";
import { fillParameters } from "../parameters.js";
import { ScoringFault } from "../score.js";
import { TextWorkError } from "../text-work/text-work.js";
import type { BuiltInCall, BuiltInScorer, Measured } from "./built-in-scorer.js";

/** A check of a test's own: a built-in by its name, with its parameters, or a model's judgement. */
interface Assertion {
  readonly type: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** For those that give a number. */
  readonly threshold: number | null;
  readonly thresholdOperator: ThresholdOperator | null;
  readonly weight: number;
  /** What the importer calls it. */
  readonly metric: string | null;
}

interface Outcome extends Assertion {
  /** Null where the assertion does not apply to the test. */
  readonly finding: Finding | null;
  readonly skipped: ScoringFault | null;
}

/** Outcomes that a verdict's metadata shows. */
const MAX_SHOWN = 50;

/** The weighted share of the test's own assertions that hold, each judged by the scorer of its name. */
export function assertionsScorer(scorers: Readonly<Record<string, BuiltInScorer>>): BuiltInScorer {
  return async (call: BuiltInCall): Promise<Measured> => {
    const given = call.input.metadata["assertions"];
    if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) throw new ScoringFault("NO_ASSERTIONS", "The test has no assertions in its metadata.", "SKIPPED");
    if (!Array.isArray(given)) throw new ScoringFault("INVALID_PARAMETERS", "metadata.assertions must be a list.");
    const outcomes = await Promise.all(given.map((item: unknown, index) => judge(scorers, readAssertion(item, index), index, call)));
    const applicable = outcomes.filter((outcome) => outcome.finding !== null);
    const [first] = outcomes;
    if (applicable.length === 0 && first?.skipped) throw first.skipped;
    return summary(applicable, call.input.metadata["assertions_threshold"]);
  };
}

function readAssertion(item: unknown, index: number): Assertion {
  const wrong = (message: string): never => {
    throw new ScoringFault("INVALID_PARAMETERS", `Assertion ${index + 1}: ${message}`);
  };
  if (typeof item !== "object" || item === null || Array.isArray(item)) return wrong("It must be an object with a type.");
  const { type, threshold = null, thresholdOperator = null, weight = 1, metric = null, ...parameters } = item as Record<string, unknown>; // any JSON object; its values are checked below
  if (typeof type !== "string" || type === "assertions" || (findBuiltIn(type) === null && type !== JUDGE_ASSERTION)) return wrong(`There is no assertion of type ${JSON.stringify(type)}.`);
  if (threshold !== null && typeof threshold !== "number") return wrong("threshold must be a number.");
  if (typeof weight !== "number" || weight < 0) return wrong("weight must be a number from 0 up.");
  const operator = Object.values(ThresholdOperator).find((known) => known === thresholdOperator) ?? null;
  if (thresholdOperator !== null && operator === null) return wrong(`thresholdOperator must be one of ${Object.values(ThresholdOperator).join(", ")}.`);
  return { type, parameters, threshold, thresholdOperator: operator, weight, metric: typeof metric === "string" ? metric : null };
}

async function judge(scorers: Readonly<Record<string, BuiltInScorer>>, assertion: Assertion, index: number, call: BuiltInCall): Promise<Outcome> {
  const { type, parameters, threshold } = assertion;
  try {
    if (type === JUDGE_ASSERTION) return { ...assertion, finding: await judgeAssertion(call.context, { parameters, threshold, thresholdOperator: assertion.thresholdOperator }), skipped: null };
    const found = findBuiltIn(type);
    if (found === null) throw new ScoringFault("INVALID_PARAMETERS", "This release cannot judge it.");
    const builtIn = variantOf(found, parameters);
    const [problem] = shapeProblems(builtIn, parameters, type);
    if (problem !== undefined) throw new ScoringFault("INVALID_PARAMETERS", `${problem.field}: ${problem.message}`);
    if (isLibraryMetric(type)) return { ...assertion, finding: await scoreLibraryAssertion(call.context, builtIn, assertion), skipped: null };
    const scorer = scorers[type];
    if (scorer === undefined) throw new ScoringFault("INVALID_PARAMETERS", "It is no assertion. Make it a metric of its own.");
    const filled = fillParameters(builtIn, parameters, call.input);
    const finding = toFinding(builtIn, { threshold, thresholdOperator: assertion.thresholdOperator ?? builtIn.thresholdOperator }, await scorer({ ...call, parameters: filled }), filled["negate"] === true);
    return { ...assertion, finding, skipped: null };
  } catch (error) {
    if (error instanceof ScoringFault && error.status === "SKIPPED") return { ...assertion, finding: null, skipped: error };
    if (error instanceof ScoringFault) throw new ScoringFault(error.code, `Assertion ${index + 1} (${type}): ${error.message}`, error.status);
    if (error instanceof TextWorkError) throw new TextWorkError(error.code, `Assertion ${index + 1} (${type}): ${error.message}`);
    throw error;
  }
}

function summary(outcomes: readonly Outcome[], givenThreshold: unknown): Measured {
  const total = outcomes.reduce((sum, { weight }) => sum + weight, 0);
  const held = outcomes.reduce((sum, { weight, finding }) => sum + (finding?.status === "PASSED" ? weight : 0), 0);
  const failed = outcomes.filter(({ finding }) => finding?.status === "FAILED");
  const threshold = typeof givenThreshold === "string" && givenThreshold.trim() !== "" ? Number(givenThreshold) : givenThreshold;
  if (threshold != null && (typeof threshold !== "number" || !Number.isFinite(threshold))) throw new ScoringFault("INVALID_PARAMETERS", "metadata.assertions_threshold must be a number.");
  return {
    // Assertions without weight demand nothing.
    score: total === 0 ? 1 : held / total,
    ...(threshold == null ? {} : { threshold }),
    reason: failed.length === 0 ? `All ${outcomes.length} assertions hold.` : `${failed.length} of ${outcomes.length} assertions do not hold: ${failed.slice(0, 3).map(({ type, finding }) => `${type}: ${finding?.reason}`).join(" ")}`,
    metadata: { assertions: outcomes.slice(0, MAX_SHOWN).map(({ type, metric, weight, finding }) => ({ type, metric, weight, status: finding?.status, score: finding?.score, reason: finding?.reason })) },
  };
}
