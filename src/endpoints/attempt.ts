import { type CallOptions, CallErrorType } from "./call.js";
import { failure } from "./call-failure.js";
import { createRedactor, type Redactor } from "./redaction.js";

/** One attempt's bounds: a signal of its own, which also follows the caller's, its latency, and the secrets it must not show. */
export class Attempt {
  readonly options: CallOptions;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#controller.abort(this.options.signal.reason);
  readonly #secrets: string[];
  #redactor: Redactor | null = null;
  #startedAt = performance.now();
  #latencyMs: number | null = null;

  constructor(options: CallOptions, secrets: readonly string[]) {
    this.options = options;
    this.#secrets = [...secrets];
    this.#timer = setTimeout(() => this.#controller.abort(failure(CallErrorType.TIMEOUT, `No whole answer within ${options.timeoutMs} ms.`, true)), options.timeoutMs);
    // Not AbortSignal.any: on a signal that lives as long as a run, each call would leave something behind.
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Aborts with a CallFailure of TIMEOUT, or with the caller's reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** One more secret, such as a token that was fetched for this call. */
  hide(secret: string): void {
    this.#secrets.push(secret);
    this.#redactor = null;
  }

  get redactor(): Redactor {
    return (this.#redactor ??= createRedactor(this.#secrets));
  }

  /** Starts the latency: what came before, such as getting a token, was no answer of the endpoint. */
  begin(): void {
    this.#startedAt = performance.now();
    this.#latencyMs = null;
  }

  /** Ends the latency, now unless at a time of performance.now(), and answers it; what comes after does not count. */
  stop(at: number = performance.now()): number {
    return (this.#latencyMs ??= at - this.#startedAt);
  }

  /** Frees the timer and the caller's signal. */
  end(): void {
    clearTimeout(this.#timer);
    this.options.signal.removeEventListener("abort", this.#onAbort);
  }
}
