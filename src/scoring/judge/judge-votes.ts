import { meetsThreshold, type MetricDefinition } from "../../metrics/index.js";
import type { Finding } from "../finding.js";
import { ScoringFault } from "../score.js";
import type { Vote } from "./judge-verdict.js";

type Rule = Pick<MetricDefinition, "scoreType" | "threshold" | "thresholdOperator" | "passingCategories">;

/** A vote, or why there is none. */
export type Ballot = Vote | ScoringFault;

/**
 * The verdict of several samples: the median of scores, the category of most. Samples without a verdict do not vote,
 * and where they are half or more, the first of them says why there is no verdict. `metadata.votes` shows all,
 * `metadata.spread` how far they are apart. ScoringFault.
 */
export function countVotes(rule: Rule, ballots: readonly Ballot[]): Finding {
  const votes = ballots.filter((ballot): ballot is Vote => !(ballot instanceof ScoringFault));
  const faults = ballots.filter((ballot): ballot is ScoringFault => ballot instanceof ScoringFault);
  const [fault] = faults;
  if (fault !== undefined && votes.length * 2 <= ballots.length) throw faults.find(({ status }) => status === "ERROR") ?? fault;
  const finding = rule.scoreType === "NUMERIC" ? medianFinding(rule, votes) : majorityFinding(rule, votes);
  return ballots.length === 1 ? finding : { ...finding, metadata: { ...finding.metadata, votes: ballots.map(shown) } };
}

function shown(ballot: Ballot): Readonly<Record<string, unknown>> {
  if (ballot instanceof ScoringFault) return { error: { code: ballot.code, message: ballot.message } };
  const { score, category, reason } = ballot;
  return score === null ? { category, reason } : { score, reason };
}

function medianFinding({ threshold, thresholdOperator }: Rule, votes: readonly Vote[]): Finding {
  if (threshold === null) throw new ScoringFault("INVALID_PARAMETERS", "A NUMERIC judge needs a threshold to pass or fail by.");
  const scores = votes.map(({ score }) => score ?? 0).sort((a, b) => a - b);
  const score = median(scores);
  const closest = [...votes].sort((a, b) => Math.abs((a.score ?? 0) - score) - Math.abs((b.score ?? 0) - score))[0];
  return {
    status: meetsThreshold(score, thresholdOperator, threshold) ? "PASSED" : "FAILED",
    score,
    category: null,
    threshold,
    reason: closest?.reason ?? null,
    metadata: scores.length === 1 ? {} : { spread: { min: scores[0], max: scores.at(-1), standardDeviation: standardDeviation(scores) } },
  };
}

/** Of an even number, the mean of the two in the middle. */
function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2;
}

/** Of the sample: n - 1 in the denominator. */
function standardDeviation(scores: readonly number[]): number {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (scores.length - 1));
}

function majorityFinding(rule: Rule, votes: readonly Vote[]): Finding {
  const tally = new Map<string, number>();
  for (const { category } of votes) tally.set(category ?? "", (tally.get(category ?? "") ?? 0) + 1);
  const [most, second] = [...tally].sort((a, b) => b[1] - a[1]);
  if (most === undefined || most[1] === second?.[1]) throw new ScoringFault("NO_VERDICT", `No category has the most votes: ${[...tally].map(([category, count]) => `${category} ${count}`).join(", ")}.`, "INCONCLUSIVE");
  const [category, count] = most;
  const passed = rule.passingCategories.includes(category);
  return {
    status: passed ? "PASSED" : "FAILED",
    score: rule.scoreType === "BINARY" ? (passed ? 1 : 0) : null,
    category,
    threshold: null,
    reason: votes.find((vote) => vote.category === category)?.reason ?? null,
    metadata: votes.length === 1 ? {} : { spread: { tally: Object.fromEntries(tally), agreement: count / votes.length } },
  };
}
