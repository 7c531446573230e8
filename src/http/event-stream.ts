import type { ExecutionResult } from "graphql";

/**
 * The answers of a subscription: each event of the source, executed. Written by hand, because an async generator that
 * waits for its next event cannot be returned: it would stay until that event comes, long after its socket has closed.
 * Here `return` ends the stream at once, whatever the source is doing, calls `onEnd` and returns the source; so do the source's end and errors.
 */
export class EventStream implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #source: AsyncIterator<unknown>;
  readonly #execute: (event: unknown) => Promise<ExecutionResult>;
  readonly #onEnd: () => void;
  readonly #ended: Promise<"ended">;
  #resolveEnded: () => void = () => undefined;
  #isEnded = false;

  constructor(args: { source: AsyncIterable<unknown>; execute: (event: unknown) => Promise<ExecutionResult>; onEnd: () => void }) {
    this.#source = args.source[Symbol.asyncIterator]();
    this.#execute = args.execute;
    this.#onEnd = args.onEnd;
    this.#ended = new Promise((resolve) => (this.#resolveEnded = () => resolve("ended")));
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    if (this.#isEnded) return { value: undefined, done: true };
    try {
      const answer = await Promise.race([this.#nextAnswer(), this.#ended]);
      if (answer !== "ended" && answer !== null) return { value: answer, done: false };
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#end();
    return { value: undefined, done: true };
  }

  return(): Promise<IteratorResult<ExecutionResult, void>> {
    this.#end();
    return Promise.resolve({ value: undefined, done: true });
  }

  async throw(error: unknown): Promise<IteratorResult<ExecutionResult, void>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #nextAnswer(): Promise<ExecutionResult | null> {
    const step = await this.#source.next();
    return step.done === true || this.#isEnded ? null : this.#execute(step.value);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#resolveEnded();
    this.#onEnd();
    // Not awaited: a source that is an async generator answers only when its present await does.
    this.#source.return?.().catch(() => undefined); // nobody is left to hear of it
  }
}
