import { parentPort, workerData } from "node:worker_threads";
import { RE2JS } from "re2js";
import type { AnswerMessage, FindAnswer, FindJob, JobMessage, TextAnswers, TextJob, WorkerStart } from "./text-work.js";

// The entry of a worker thread. It imports packages and types alone, and its types can be erased: so Node runs it as
// it is from src under the tests, and compiled from dist.

/** Compiled patterns to keep: a run has at most 20 metrics with two patterns each. */
const MAX_PATTERNS = 200;
/** Answers wait this long for others to go with them: one message costs as much as ten short searches. */
const FLUSH_AFTER_MS = 20;

const patterns = new Map<string, RE2JS>();

function compiled(source: string, flags: number): RE2JS {
  const key = `${flags} ${source}`;
  const known = patterns.get(key);
  if (known !== undefined) return known;
  const oldest = patterns.size < MAX_PATTERNS ? undefined : patterns.keys().next().value;
  if (oldest !== undefined) patterns.delete(oldest);
  const pattern = RE2JS.compile(source, flags);
  patterns.set(key, pattern);
  return pattern;
}

function find(job: FindJob): FindAnswer {
  const pattern = compiled(job.source, job.flags);
  if (job.group > pattern.groupCount()) throw new Error(`the pattern has no group ${job.group}`);
  const matcher = pattern.matcher(job.text);
  let part: string | null = null;
  while (matcher.find()) {
    part = matcher.group(job.group) ?? part;
    if (part !== null && job.pick === "first") break;
  }
  return { part };
}

function answer(job: TextJob): TextAnswers[keyof TextAnswers] | { fault: string } {
  try {
    return find(job);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

const { current } = workerData as WorkerStart; // what the pool starts it with
parentPort?.on("message", (jobs: JobMessage) => {
  let answers: [number, ReturnType<typeof answer>][] = [];
  let flushed = performance.now();
  const flush = (): void => {
    parentPort?.postMessage(answers satisfies AnswerMessage);
    answers = [];
    flushed = performance.now();
  };
  for (const [id, job] of jobs) {
    Atomics.store(current, 0, id);
    answers.push([id, answer(job)]);
    if (performance.now() - flushed > FLUSH_AFTER_MS) flush();
  }
  Atomics.store(current, 0, 0);
  flush();
});
