import type { Outbound } from "../address-guard.js";
import { Attempt } from "./attempt.js";
import { type CallError, CallErrorType } from "./call.js";
import { CallFailure, failure } from "./call-failure.js";
import { exchange, type HttpAnswer, type HttpRequest, parseRetryAfter } from "./http-exchange.js";

/** What is called beside endpoints: a model, or a remote metric. */
export interface ExchangeOptions {
  /** As messages name it, such as `The model "judge"`. */
  readonly what: string;
  /** Kept out of every message. */
  readonly secrets: readonly string[];
  /** For the whole attempt, connection, headers and body. */
  readonly timeoutMs: number;
  /** Ends the attempt at once, down to the socket. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** How one attempt ended: retries look at it as they do at that of an endpoint. */
export type ExchangeOutcome =
  | { readonly ok: true; readonly answer: HttpAnswer; readonly httpStatus: number; readonly latencyMs: number }
  | { readonly ok: false; readonly error: CallError; readonly latencyMs: number; readonly retryAfterMs: number | null };

/** What rule 9 of the contract calls transient. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const EXCERPT = 300;

/**
 * One attempt over the guarded way out, its answer read whole, at most 10 MiB. It never retries and throws only the
 * signal's reason once that has aborted, and faults of ours.
 */
export async function exchangeOnce(outbound: Pick<Outbound, "dispatcher">, request: HttpRequest, options: ExchangeOptions): Promise<ExchangeOutcome> {
  const { signal, timeoutMs, what } = options;
  signal.throwIfAborted();
  const attempt = new Attempt({ idempotencyKey: "", timeoutMs, signal }, options.secrets);
  try {
    const answer = await exchange(outbound.dispatcher, request, attempt.signal);
    const latencyMs = attempt.stop();
    assertUsable(answer, what, options.now());
    return { ok: true, answer, httpStatus: answer.status, latencyMs };
  } catch (error) {
    signal.throwIfAborted();
    const cause: unknown = attempt.signal.aborted ? attempt.signal.reason : error;
    if (!(cause instanceof CallFailure)) throw cause;
    const message = attempt.redactor.text(`${what}: ${cause.error.message}`);
    return { ok: false, error: { ...cause.error, message }, latencyMs: attempt.stop(), retryAfterMs: cause.details.retryAfterMs ?? null };
  } finally {
    attempt.end();
  }
}

/** Throws a CallFailure for a status that is no success, and for a body that cannot be read. */
function assertUsable(answer: HttpAnswer, what: string, now: Date): void {
  const { status, body, contentEncoding } = answer;
  if (status < 200 || status >= 300) {
    const said = body.trim() === "" ? "" : `: ${body.trim().slice(0, EXCERPT)}`;
    const error = { type: typeOf(status), message: `It answered ${status}${said}${adviceFor(answer)}`, httpStatus: status, retryable: TRANSIENT_STATUS.has(status) };
    throw new CallFailure(error, { retryAfterMs: parseRetryAfter(answer.retryAfter, now) });
  }
  if (contentEncoding !== null && contentEncoding !== "identity") throw failure(CallErrorType.RESPONSE_MAPPING, `${what} compresses its answer by ${contentEncoding}, though the request asks for none.`);
}

function typeOf(status: number): CallErrorType {
  if (status === 429) return CallErrorType.RATE_LIMIT;
  return status === 401 || status === 403 ? CallErrorType.AUTH : CallErrorType.HTTP;
}

function adviceFor({ status, location }: HttpAnswer): string {
  if (status === 429) return " Lower its requestsPerMinute or maxConcurrency.";
  if (status === 401 || status === 403) return " Check its credentials.";
  return status >= 300 && status < 400 ? ` It points to ${location ?? "another address"}: redirects are not followed, give the final url.` : "";
}
