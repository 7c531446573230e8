import { Worker } from "node:worker_threads";
import { type AnswerMessage, type JobMessage, type TextAnswer, type TextAnswers, type TextJob, TextWorkError } from "./text-work.js";

/** How much a job may take. */
export interface TextWorkersOptions {
  readonly maxWorkers?: number;
  /** Wall time of one job; more stops its worker. */
  readonly timeLimitMs?: number;
  /** Bytes of each of a job's texts in UTF-8. */
  readonly textLimitBytes?: number;
}

/** A second worker, so that one that stalls does not hold up the others for long. */
const MAX_WORKERS = 2;
/** A second is a thousand times what a search in a long answer takes, and a stalled run still moves on. */
const TIME_LIMIT_MS = 1000;
const TEXT_LIMIT_BYTES = 2 ** 20;
/** Loading its packages takes a worker some 100 ms; this bounds a machine that is out of breath. */
const START_LIMIT_MS = 30_000;
/** How often workers are looked at: a stall is seen this much late at the most. */
const WATCH_EVERY_MS = 100;
/** Jobs of one message: one at a time reaches 30,000 a second, 32 reach 600,000. */
const MAX_BATCH = 64;
/** Characters of one message, so that large texts do not wait behind each other. */
const MAX_BATCH_CHARACTERS = 2 ** 20;
/** A pattern's automaton that outgrows this ends its worker instead of the process. */
const MAX_HEAP_MB = 256;

interface Pending {
  readonly id: number;
  readonly job: TextJob;
  readonly resolve: (answer: TextAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** A worker with the jobs in its hands and what was last seen of its progress. */
interface Slot {
  readonly worker: Worker;
  /** The number of the job that it works on; 0 before the first and when idle. */
  readonly current: Int32Array;
  readonly batch: Map<number, Pending>;
  seen: number;
  seenAt: number;
}

/**
 * Does text work in worker threads, within bounds: a worker that takes too long over one job is stopped and replaced,
 * that job fails with TIMEOUT, and its other jobs are done by the next worker. Workers start with the first job.
 * Jobs that arrive together share a message.
 */
export class TextWorkers {
  readonly #options: Required<TextWorkersOptions>;
  readonly #slots = new Set<Slot>();
  #queue: Pending[] = [];
  #lastId = 0;
  #flushing = false;
  #watch: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: TextWorkersOptions = {}) {
    this.#options = { maxWorkers: MAX_WORKERS, timeLimitMs: TIME_LIMIT_MS, textLimitBytes: TEXT_LIMIT_BYTES, ...options };
  }

  /** The job's answer. Rejects with a TextWorkError: TIMEOUT, MALFORMED_ANSWER (too large), INVALID_PARAMETERS, INTERNAL; or with the signal's reason. */
  run<J extends TextJob>(job: J, signal: AbortSignal): Promise<TextAnswers[J["op"]]> {
    const limit = this.#options.textLimitBytes;
    if (isLongerThan(job.text, limit)) return Promise.reject(new TextWorkError("MALFORMED_ANSWER", `The answer is too long for this metric: it has more than ${limit} bytes.`));
    if ("other" in job && isLongerThan(job.other, limit)) return Promise.reject(new TextWorkError("INVALID_PARAMETERS", `What the answer is compared with is too long: it has more than ${limit} bytes.`));
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#closed) throw new TextWorkError("INTERNAL", "The gateway is shutting down.");
      this.#lastId = (this.#lastId % 0x7fff_ffff) + 1;
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      const settled = (): void => signal.removeEventListener("abort", onAbort);
      this.#queue.push({
        id: this.#lastId,
        job,
        signal,
        resolve: (answer) => {
          settled();
          resolve(answer as TextAnswers[J["op"]]); // the worker answers each job in its own shape
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#flushSoon();
    });
  }

  /** Stops the workers; jobs without an answer are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const slots = [...this.#slots];
    const waiting = [...this.#queue, ...slots.flatMap((slot) => [...slot.batch.values()])];
    this.#queue = [];
    for (const slot of slots) this.#drop(slot);
    for (const pending of waiting) pending.reject(new TextWorkError("INTERNAL", "The gateway is shutting down."));
    await Promise.all(slots.map((slot) => slot.worker.terminate()));
  }

  /** Later in this turn of the event loop, so that jobs that arrive together go together. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#queue.length > 0 && this.#slots.size === 0) this.#start();
    for (const slot of this.#slots) {
      if (slot.batch.size === 0 && this.#queue.length > 0) this.#send(slot);
    }
  }

  #send(slot: Slot): void {
    let characters = 0;
    let taken = 0;
    for (const pending of this.#queue) {
      if (taken === MAX_BATCH || characters > MAX_BATCH_CHARACTERS) break;
      taken += 1;
      if (pending.signal.aborted) continue; // it was rejected already
      characters += pending.job.text.length + ("other" in pending.job ? pending.job.other.length : 0);
      slot.batch.set(pending.id, pending);
    }
    this.#queue.splice(0, taken);
    if (slot.batch.size === 0) return;
    const jobs: JobMessage = [...slot.batch.values()].map(({ id, job }) => [id, job] as const);
    slot.seenAt = performance.now();
    slot.worker.ref();
    slot.worker.postMessage(jobs);
    this.#watch ??= setInterval(() => this.#look(), WATCH_EVERY_MS);
  }

  #start(): void {
    const current = new Int32Array(new SharedArrayBuffer(4));
    // Node runs the source as it is: see the entry.
    const entry = new URL(import.meta.url.endsWith(".ts") ? "./text-worker.ts" : "./text-worker.js", import.meta.url);
    const worker = new Worker(entry, { workerData: { current }, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
    const slot: Slot = { worker, current, batch: new Map(), seen: 0, seenAt: performance.now() };
    worker.unref();
    worker.on("message", (answers: AnswerMessage) => this.#receive(slot, answers));
    worker.on("error", (error: Error) => this.#replace(slot, new TextWorkError("INTERNAL", `The text work failed: ${error.message}`)));
    worker.on("exit", () => this.#replace(slot, new TextWorkError("INTERNAL", "The text work ended before it was done.")));
    this.#slots.add(slot);
  }

  #receive(slot: Slot, answers: AnswerMessage): void {
    for (const [id, answer] of answers) {
      const pending = slot.batch.get(id);
      slot.batch.delete(id);
      if ("fault" in answer) pending?.reject(new TextWorkError("INVALID_PARAMETERS", answer.fault));
      else pending?.resolve(answer);
    }
    if (slot.batch.size > 0) return;
    slot.worker.unref();
    this.#flush();
  }

  /** Stops workers that stand still, and starts another one where jobs wait behind a slow one. */
  #look(): void {
    const now = performance.now();
    for (const slot of [...this.#slots]) {
      const current = Atomics.load(slot.current, 0);
      if (slot.batch.size === 0 || current !== slot.seen) {
        slot.seen = current;
        slot.seenAt = now;
      } else if (now - slot.seenAt >= (current === 0 ? START_LIMIT_MS : this.#options.timeLimitMs)) {
        this.#replace(slot, new TextWorkError("TIMEOUT", `It took longer than ${this.#options.timeLimitMs} ms.`));
        void slot.worker.terminate();
      }
    }
    if (this.#queue.length > 0 && this.#slots.size < this.#options.maxWorkers) {
      this.#start();
      this.#flush();
    }
    if ([...this.#slots].every((slot) => slot.batch.size === 0)) this.#stopWatching();
  }

  /** Fails the job in the worker's hands (all of them if it never began), and queues its others again. */
  #replace(slot: Slot, error: TextWorkError): void {
    if (!this.#drop(slot)) return;
    const current = Atomics.load(slot.current, 0);
    const failed = [...slot.batch.values()].filter((pending) => current === 0 || pending.id === current);
    for (const pending of failed) {
      slot.batch.delete(pending.id);
      pending.reject(error);
    }
    this.#queue.unshift(...slot.batch.values());
    this.#flush();
  }

  #drop(slot: Slot): boolean {
    slot.worker.removeAllListeners();
    slot.worker.on("error", () => undefined); // it was given up: what it still says matters to nobody
    const dropped = this.#slots.delete(slot);
    if (this.#slots.size === 0) this.#stopWatching();
    return dropped;
  }

  #stopWatching(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
  }
}

function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
