import type { Outbound } from "../address-guard.js";
import type { Logger } from "../log.js";
import type { TemplateValues } from "../templates.js";
import { AccessTokens } from "./access-tokens.js";
import { jsonOrText, readAnswer } from "./answer-reading.js";
import { Attempt } from "./attempt.js";
import { type CallOptions, type CallOutcome, type CallTarget, type CallVariables, CallErrorType, type EndpointClient } from "./call.js";
import { CallFailure, failure, statusFailure } from "./call-failure.js";
import { exchange, type HttpAnswer, type HttpRequest, parseRetryAfter } from "./http-exchange.js";
import { buildMessage, buildRequest } from "./http-request.js";
import { gatherChunks } from "./openai-chat.js";
import { secretsOf } from "./redaction.js";
import { RequestMappingError, templateValues } from "./request-mapping.js";
import { type Answer, mapAnswer, ResponseMappingError } from "./response-mapping.js";
import { exchangeMessages, type WebSocketRequest } from "./websocket-exchange.js";

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
  readonly #tokens: AccessTokens;

  constructor(deps: { outbound: Outbound; now: () => Date; log: Logger }) {
    this.#outbound = deps.outbound;
    this.#now = deps.now;
    this.#log = deps.log;
    this.#tokens = new AccessTokens(deps);
  }

  async call(target: CallTarget, variables: CallVariables, options: CallOptions): Promise<CallOutcome> {
    options.signal.throwIfAborted();
    const attempt = new Attempt(options, secretsOf(target.credentials, target.version.auth));
    try {
      const received = await this.#receive(target, templateValues(variables), attempt);
      return outcomeOf({ ...received, answer: attempt.redactor.value(received.answer) }, target);
    } catch (error) {
      options.signal.throwIfAborted();
      return failedOutcome(this.#explain(error, attempt, target), attempt);
    } finally {
      attempt.end();
    }
  }

  async close(): Promise<void> {
    // The way out is shared: whoever opened it closes it.
  }

  /** With an access token where one is needed; an answer of 401 to a token that was kept gets a new one, once. */
  async #receive(target: CallTarget, values: TemplateValues, attempt: Attempt): Promise<Received> {
    const accessToken = await this.#tokens.get(target, attempt.signal);
    if (accessToken === null) return this.#send(target, values, attempt, null);
    attempt.hide(accessToken);
    try {
      return await this.#send(target, values, attempt, accessToken);
    } catch (error) {
      if (!(error instanceof CallFailure) || error.error.httpStatus !== 401) throw error;
      await this.#tokens.forget(target, accessToken);
      const renewed = await this.#tokens.get(target, attempt.signal);
      if (renewed === null || renewed === accessToken) throw error;
      attempt.hide(renewed);
      return this.#send(target, values, attempt, renewed);
    }
  }

  #send(target: CallTarget, values: TemplateValues, attempt: Attempt, accessToken: string | null): Promise<Received> {
    const options = { accessToken, idempotencyKey: attempt.options.idempotencyKey };
    return target.version.connectionType === "WEBSOCKET"
      ? this.#converse(buildMessage(target, values, options), target, attempt)
      : this.#request(buildRequest(target, values, options), target, attempt);
  }

  async #request(request: HttpRequest, target: CallTarget, attempt: Attempt): Promise<Received> {
    attempt.begin();
    const answer = await exchange(this.#outbound.dispatcher, request, attempt.signal);
    const latencyMs = attempt.stop();
    return { answer: readHttpAnswer(answer, target, this.#now()), httpStatus: answer.status, latencyMs };
  }

  async #converse(request: WebSocketRequest, target: CallTarget, attempt: Attempt): Promise<Received> {
    attempt.begin();
    const { messages, lastAt } = await exchangeMessages(request, { allowPrivate: this.#outbound.allowPrivate, now: this.#now(), signal: attempt.signal });
    const latencyMs = attempt.stop(lastAt);
    return { answer: { document: takesText(target) ? messages : messages.map(jsonOrText), isStream: true }, httpStatus: null, latencyMs };
  }

  #explain(error: unknown, attempt: Attempt, target: CallTarget): CallFailure {
    const cause: unknown = attempt.signal.aborted ? attempt.signal.reason : error;
    if (cause instanceof CallFailure) return cause;
    if (cause instanceof RequestMappingError) return failure(CallErrorType.REQUEST_MAPPING, cause.message);
    if (cause instanceof ResponseMappingError) return failure(CallErrorType.RESPONSE_MAPPING, cause.message);
    this.#log.error({ endpointId: target.version.endpointId, err: attempt.redactor.text(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)) }, "a call of an endpoint failed inside the gateway");
    return failure(CallErrorType.INTERNAL, "The call failed inside the gateway; its log says why.");
  }
}

/** Whether the mapping takes the answer's text whole, so that it must not be read as JSON. */
function takesText({ version }: CallTarget): boolean {
  return version.responseMapping["output"] === "$";
}

function readHttpAnswer(received: HttpAnswer, target: CallTarget, now: Date): Answer {
  const { status, body } = received;
  if (status < 200 || status >= 300) throw statusFailure({ status, body, location: received.location, retryAfterMs: parseRetryAfter(received.retryAfter, now), raw: readRefusal(received) });
  if (received.contentEncoding !== null && received.contentEncoding !== "identity") throw unreadable(status, `The answer is compressed by ${received.contentEncoding}, though the request asks for none.`);
  try {
    const answer = readAnswer(body, received.contentType, takesText(target));
    return target.version.connectionType === "OPENAI_CHAT" ? gatherChunks(answer) : answer;
  } catch (error) {
    if (!(error instanceof ResponseMappingError)) throw error;
    throw unreadable(status, error.message, body);
  }
}

/** An answer that came with a good status and cannot be read; `said`: its text, for whoever looks for the cause. */
function unreadable(httpStatus: number, message: string, said?: string): CallFailure {
  return new CallFailure({ type: CallErrorType.RESPONSE_MAPPING, message, httpStatus, retryable: false }, said === undefined ? {} : { raw: said });
}

/** Maps what was received, its secrets already taken out. */
function outcomeOf({ answer, httpStatus, latencyMs }: Received, target: CallTarget): CallOutcome {
  try {
    return { ok: true, answer: mapAnswer(answer, target.version.responseMapping), httpStatus, latencyMs };
  } catch (error) {
    // A RangeError is an answer that is nested too deep to walk.
    if (!(error instanceof ResponseMappingError || error instanceof RangeError)) throw error;
    return { ok: false, error: { type: CallErrorType.RESPONSE_MAPPING, message: error.message, httpStatus, retryable: false }, latencyMs, retryAfterMs: null, raw: answer.document };
  }
}

function readRefusal(received: HttpAnswer): unknown {
  try {
    return readAnswer(received.body, received.contentType, false).document;
  } catch {
    return received.body; // says that it is JSON and is not: the text is all there is
  }
}

function failedOutcome({ error, details }: CallFailure, attempt: Attempt): CallOutcome {
  const message = attempt.redactor.text(error.message);
  return { ok: false, error: { ...error, message }, latencyMs: attempt.stop(), retryAfterMs: details.retryAfterMs ?? null, raw: attempt.redactor.value(details.raw ?? null) };
}
