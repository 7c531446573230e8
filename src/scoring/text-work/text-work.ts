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

/** How alike two texts are. */
export interface CompareJob {
  readonly op: "compare";
  readonly text: string;
  readonly other: string;
  /** `levenshtein` is a count of edits, the others are shares from 0 to 1. */
  readonly measure: "levenshtein" | "rouge_n" | "rouge_l" | "bleu" | "token_f1";
  /** The length of the n-grams of `rouge_n`. */
  readonly n: number;
  readonly ignoreCase: boolean;
}

/** Whether a JSON text meets a JSON Schema (2020-12). */
export interface SchemaJob {
  readonly op: "schema";
  readonly text: string;
  /** The schema as JSON text. */
  readonly other: string;
}

/** How many sentences a text has, by the rules of the language. */
export interface SentencesJob {
  readonly op: "sentences";
  readonly text: string;
  /** A BCP 47 language tag, or null for the rules that all languages share. */
  readonly language: string | null;
}

/** What worker threads do: work on texts whose time nobody can tell beforehand. */
export type TextJob = FindJob | CompareJob | SchemaJob | SentencesJob;

/** The answer to each kind of job. */
export interface TextAnswers {
  /** The part is null where nothing matches. */
  readonly find: { readonly part: string | null };
  readonly compare: { readonly value: number };
  /** Empty where the text meets the schema; null where it is no JSON. */
  readonly schema: { readonly problems: readonly string[] | null };
  readonly sentences: { readonly count: number };
}
export type TextAnswer = TextAnswers[keyof TextAnswers];

/** What the main thread sends: jobs with their numbers, done in this order. */
export type JobMessage = readonly (readonly [id: number, job: TextJob])[];

/** What the worker sends: an answer, or what is wrong with the job. */
export type AnswerMessage = readonly (readonly [id: number, answer: TextAnswer | { readonly fault: string }])[];

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
