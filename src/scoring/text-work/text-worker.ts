import { parentPort, workerData } from "node:worker_threads";
import { RE2JS } from "re2js";
import type * as Rouge from "./rouge.js";
import type * as Similarity from "./similarity.js";
import type { AnswerMessage, CompareJob, FindJob, JobMessage, SchemaJob, SentencesJob, TextAnswer, TextAnswers, TextJob, WorkerStart } from "./text-work.js";

// The entry of a worker thread. It imports packages and types alone, types that can be erased: so Node runs it as it
// is from src under the tests, and compiled from dist. What few metrics need is loaded with their first job.

/** What is compiled stays: a run has at most 20 metrics with two patterns each. */
const MAX_COMPILED = 200;
/** Answers wait this long for others to go with them: one message costs as much as ten short searches. */
const FLUSH_AFTER_MS = 20;
/** Problems of a schema that one answer names. */
const MAX_SCHEMA_PROBLEMS = 10;

function kept<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const oldest = map.size < MAX_COMPILED ? undefined : map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
  const made = make();
  map.set(key, made);
  return made;
}

const patterns = new Map<string, RE2JS>();

function find(job: FindJob): TextAnswers["find"] {
  const pattern = kept(patterns, `${job.flags} ${job.source}`, () => RE2JS.compile(job.source, job.flags));
  if (job.group > pattern.groupCount()) throw new Error(`the pattern has no group ${job.group}`);
  const matcher = pattern.matcher(job.text);
  let part: string | null = null;
  while (matcher.find()) {
    part = matcher.group(job.group) ?? part;
    if (part !== null && job.pick === "first") break;
  }
  return { part };
}

/** The module of that name beside this one. */
function beside(name: string): Promise<unknown> {
  return import(new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url).href);
}

const similarity = (): Promise<typeof Similarity> => beside("similarity") as Promise<typeof Similarity>;
const rouge = (): Promise<typeof Rouge> => beside("rouge") as Promise<typeof Rouge>;

async function compare(job: CompareJob): Promise<TextAnswers["compare"]> {
  const [text, other] = job.ignoreCase && job.measure !== "rouge_n" && job.measure !== "rouge_l" ? [job.text.toLowerCase(), job.other.toLowerCase()] : [job.text, job.other];
  switch (job.measure) {
    case "levenshtein":
      return { value: (await import("fastest-levenshtein")).distance(text, other) };
    case "bleu":
      return { value: (await similarity()).bleu(text, other) };
    case "token_f1":
      return { value: (await similarity()).tokenF1(text, other) };
    case "rouge_n":
    case "rouge_l": {
      // js-rouge refuses blank texts: they share nothing with any other.
      if (text.trim() === "" || other.trim() === "") return { value: text.trim() === other.trim() ? 1 : 0 };
      const { rougeL, rougeN } = await rouge();
      return { value: job.measure === "rouge_l" ? rougeL(text, other, !job.ignoreCase) : rougeN(text, other, job.n, !job.ignoreCase) };
    }
    default:
      return job.measure satisfies never;
  }
}

type Validate = ((value: unknown) => boolean) & { errors?: { instancePath: string; message?: string }[] | null };
const validators = new Map<string, Validate>();

/** In linear time where RE2 has the syntax; else by the engine's own patterns, which the time limit bounds. */
const schemaPattern = Object.assign(
  (pattern: string, flags: string): { test(text: string): boolean; toString(): string } => {
    try {
      const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
      // ajv tells patterns apart by their text.
      return { test: (text) => compiled.matcher(text).find(), toString: () => pattern };
    } catch {
      return new RegExp(pattern, flags); // lookahead, which JSON Schema allows
    }
  },
  { code: "schemaPattern" },
);

async function schema(job: SchemaJob): Promise<TextAnswers["schema"]> {
  let value: unknown;
  try {
    value = JSON.parse(job.text);
  } catch {
    return { problems: null };
  }
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const validate = kept(validators, job.other, () => {
    const given = JSON.parse(job.other) as boolean | Record<string, unknown>; // the caller checked that it is a schema
    // A schema that names an older dialect is read as 2020-12: ajv would look for the dialect.
    const plain = typeof given === "boolean" ? given : Object.fromEntries(Object.entries(given).filter(([key]) => key !== "$schema"));
    return new Ajv2020({ allErrors: true, strict: false, validateFormats: false, code: { regExp: schemaPattern } }).compile(plain);
  });
  if (validate(value)) return { problems: [] };
  return { problems: (validate.errors ?? []).slice(0, MAX_SCHEMA_PROBLEMS).map((error) => `${error.instancePath === "" ? "the value" : error.instancePath} ${error.message ?? "is wrong"}`) };
}

function sentences(job: SentencesJob): TextAnswers["sentences"] {
  const segmenter = new Intl.Segmenter(job.language ?? "und", { granularity: "sentence" });
  let count = 0;
  for (const { segment } of segmenter.segment(job.text)) if (segment.trim() !== "") count += 1;
  return { count };
}

/** Loads what the job needs, before its time begins: on a busy machine, loading a package takes longer than a job may. */
async function load(job: TextJob): Promise<void> {
  if (job.op === "schema") await import("ajv/dist/2020.js");
  if (job.op !== "compare") return;
  if (job.measure === "levenshtein") await import("fastest-levenshtein");
  else if (job.measure === "rouge_n" || job.measure === "rouge_l") await rouge();
  else await similarity();
}

function work(job: TextJob): TextAnswer | Promise<TextAnswer> {
  switch (job.op) {
    case "find":
      return find(job);
    case "compare":
      return compare(job);
    case "schema":
      return schema(job);
    case "sentences":
      return sentences(job);
    default:
      return job satisfies never;
  }
}

async function answerTo(job: TextJob): Promise<TextAnswer | { fault: string }> {
  try {
    return await work(job);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

const { current } = workerData as WorkerStart; // what the pool starts it with

/** One message after the other: the pool sends the next one when all answers are there. */
async function answerAll(jobs: JobMessage): Promise<void> {
  let answers: [number, TextAnswer | { fault: string }][] = [];
  let flushed = performance.now();
  const flush = (): void => {
    parentPort?.postMessage(answers satisfies AnswerMessage);
    answers = [];
    flushed = performance.now();
  };
  for (const [id, job] of jobs) {
    Atomics.store(current, 0, 0);
    await load(job);
    Atomics.store(current, 0, id);
    answers.push([id, await answerTo(job)]);
    if (performance.now() - flushed > FLUSH_AFTER_MS) flush();
  }
  Atomics.store(current, 0, 0);
  flush();
}

parentPort?.on("message", (jobs: JobMessage) => void answerAll(jobs));
