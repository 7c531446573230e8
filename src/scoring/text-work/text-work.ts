import type { MetricErrorCode } from "../../metrics/index.js";

/** Looks for a pattern in a text and answers the chosen match's part. */
export interface FindJob {
  readonly op: "find";
  readonly text: string;
  /** In RE2's syntax, with re2js's flag bits. */
  readonly source: string;
  readonly flags: number;
  /** The group that is the part; 0 is the whole match. Matches in which it takes no part do not count. */
  readonly group: number;
  readonly pick: "first" | "last";
}
export interface FindAnswer {
  /** Null where nothing matches. */
  readonly part: string | null;
}

/** What worker threads do: work on texts whose time nobody can tell beforehand. */
export type TextJob = FindJob;

/** The answer to each kind of job. */
export interface TextAnswers {
  readonly find: FindAnswer;
}

/** What the main thread sends: jobs with their numbers, done in this order. */
export type JobMessage = readonly (readonly [id: number, job: TextJob])[];

/** What the worker sends: an answer, or what is wrong with the job. */
export type AnswerMessage = readonly (readonly [id: number, answer: TextAnswers[keyof TextAnswers] | { readonly fault: string }])[];

/** What the worker is started with: where it notes the number of the job in its hands. */
export interface WorkerStart {
  readonly current: Int32Array;
}

/** Why a job has no answer. */
export class TextWorkError extends Error {
  constructor(
    readonly code: MetricErrorCode,
    message: string,
  ) {
    super(message);
    this.name = "TextWorkError";
  }
}
