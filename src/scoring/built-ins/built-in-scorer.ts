import type { ScoreInput } from "../score.js";
import type { ScoringContext } from "../scoring-context.js";
import type { TextWorkers } from "../text-work/text-workers.js";

/** What a built-in looks at. */
export interface BuiltInCall {
  /** With defaults, templates filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly input: ScoreInput;
  readonly workers: TextWorkers;
  readonly signal: AbortSignal;
  /** The metric that it is judged for, and the way to its model. */
  readonly context: ScoringContext;
}

/** What a BINARY built-in found. `negate` turns it around unless there was nothing to judge. */
export interface Held {
  readonly holds: boolean;
  readonly reason: string;
  /** Fails whatever `negate` says. */
  readonly nothingToJudge?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a NUMERIC built-in found. */
export interface Measured {
  /** Null where the answer has nothing to measure, which fails. */
  readonly score: number | null;
  /** In the place of the metric's threshold. */
  readonly threshold?: number;
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** One built-in. Throws ScoringFault or TextWorkError where there can be no verdict. */
export type BuiltInScorer = (call: BuiltInCall) => Held | Measured | Promise<Held | Measured>;

/** A parameter as a text: what a template yields that is no text stands as compact JSON. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** A text as reasons show it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
