import type { Outbound } from "../address-guard.js";
import type { Logger } from "../log.js";
import type { TemplateValues } from "../templates.js";
import { readAnswer } from "./answer-reading.js";
import { type CallOptions, type CallOutcome, type CallTarget, type CallVariables, CallErrorType, type EndpointClient } from "./call.js";
import { CallFailure, failure, statusFailure } from "./call-failure.js";
import { exchange, type HttpAnswer, type HttpRequest, parseRetryAfter } from "./http-exchange.js";
import { buildRequest } from "./http-request.js";
import { gatherChunks } from "./openai-chat.js";
import { createRedactor, type Redactor, secretsOf } from "./redaction.js";
import { RequestMappingError, templateValues } from "./request-mapping.js";
import { type Answer, mapAnswer, ResponseMappingError } from "./response-mapping.js";

/** What an exchange yields before it is cleaned and mapped. */
interface Received {
  readonly answer: Answer;
  readonly httpStatus: number | null;
  readonly latencyMs: number;
}

/** Calls endpoints over the guarded way out. One serves a whole process; the caller bounds concurrency. */
export class OutboundEndpointClient implements EndpointClient {
  readonly #outbound: Outbound;
  readonly #now: () => Date;
  readonly #log: Logger;

  constructor(deps: { outbound: Outbound; now: () => Date; log: Logger }) {
    this.#outbound = deps.outbound;
    this.#now = deps.now;
    this.#log = deps.log;
  }

  async call(target: CallTarget, variables: CallVariables, options: CallOptions): Promise<CallOutcome> {
    options.signal.throwIfAborted();
    const attempt = new Attempt(options);
    const secrets = secretsOf(target.credentials, target.version.auth);
    try {
      const received = await this.#receive(target, templateValues(variables), attempt);
      const answer = { ...received.answer, document: createRedactor(secrets).value(received.answer.document) };
      return this.#outcomeOf(answer, received, target);
    } catch (error) {
      options.signal.throwIfAborted();
      return failedOutcome(this.#explain(error, attempt, target), attempt.elapsedMs, createRedactor(secrets));
    } finally {
      attempt.end();
    }
  }

  async close(): Promise<void> {
    // The outbound is shared: whoever opened it closes it.
  }

  #outcomeOf(answer: Answer, received: Received, target: CallTarget): CallOutcome {
    try {
      return { ok: true, answer: mapAnswer(answer, target.version.responseMapping), httpStatus: received.httpStatus, latencyMs: received.latencyMs };
    } catch (error) {
      // A RangeError is an answer nested too deep to walk.
      if (!(error instanceof ResponseMappingError || error instanceof RangeError)) throw error;
      return { ok: false, error: { type: CallErrorType.RESPONSE_MAPPING, message: error.message, httpStatus: received.httpStatus, retryable: false }, latencyMs: received.latencyMs, retryAfterMs: null, raw: answer.document };
    }
  }

  #explain(error: unknown, attempt: Attempt, target: CallTarget): CallFailure {
    const cause: unknown = attempt.signal.aborted ? attempt.signal.reason : error;
    if (cause instanceof CallFailure) return cause;
    if (cause instanceof RequestMappingError) return failure(CallErrorType.REQUEST_MAPPING, cause.message);
    if (cause instanceof ResponseMappingError) return failure(CallErrorType.RESPONSE_MAPPING, cause.message);
    this.#log.error({ endpointId: target.version.endpointId, err: cause }, "a call of an endpoint failed inside the gateway");
    return failure(CallErrorType.INTERNAL, "The call failed inside the gateway; its log says why.");
  }

  async #receive(target: CallTarget, values: TemplateValues, attempt: Attempt): Promise<Received> {
    const request = buildRequest(target, values, { accessToken: null, idempotencyKey: attempt.options.idempotencyKey });
    const received = await this.#exchange(request, attempt);
    return this.#read(received, target, attempt.elapsedMs);
  }

  async #exchange(request: HttpRequest, attempt: Attempt): Promise<HttpAnswer> {
    attempt.begin();
    return exchange(this.#outbound.dispatcher, request, attempt.signal);
  }

  #read(received: HttpAnswer, target: CallTarget, latencyMs: number): Received {
    const { status, body } = received;
    if (status < 200 || status >= 300) {
      const raw = readRefusal(received);
      throw statusFailure({ status, body, location: received.location, retryAfterMs: parseRetryAfter(received.retryAfter, this.#now()), raw });
    }
    if (received.contentEncoding !== null && received.contentEncoding !== "identity") throw new ResponseMappingError(`The answer is compressed by ${received.contentEncoding}, though the request asks for none.`);
    const answer = readAnswer(body, received.contentType, target.version.responseMapping["output"] === "$");
    return { answer: target.version.connectionType === "OPENAI_CHAT" ? gatherChunks(answer) : answer, httpStatus: status, latencyMs };
  }
}

function readRefusal(received: HttpAnswer): unknown {
  try {
    return readAnswer(received.body, received.contentType, false).document;
  } catch {
    return received.body; // says that it is JSON and is not: the text is all there is
  }
}

function failedOutcome(error: CallFailure, latencyMs: number, redactor: Redactor): CallOutcome {
  const raw = redactor.value(error.details.raw ?? null);
  return { ok: false, error: { ...error.error, message: redactor.text(error.error.message) }, latencyMs, retryAfterMs: error.details.retryAfterMs ?? null, raw };
}

/** One attempt's time: its own signal, which also follows the caller's, and its latency. */
class Attempt {
  readonly options: CallOptions;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#controller.abort(this.options.signal.reason);
  #startedAt = performance.now();

  constructor(options: CallOptions) {
    this.options = options;
    this.#timer = setTimeout(() => this.#controller.abort(failure(CallErrorType.TIMEOUT, `No whole answer within ${options.timeoutMs} ms.`, true)), options.timeoutMs);
    // Not AbortSignal.any: on a signal that lives as long as a run, each call would leave something behind.
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Starts the latency: what came before, such as getting a token, was no answer of the endpoint. */
  begin(): void {
    this.#startedAt = performance.now();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.options.signal.removeEventListener("abort", this.#onAbort);
  }
}
