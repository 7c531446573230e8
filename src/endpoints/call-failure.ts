import { BLOCKED_ADDRESS_CODE } from "../address-guard.js";
import { type CallError, CallErrorType, MAX_ANSWER_BYTES } from "./call.js";

/** What rule 9 of the contract calls transient. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const EXCERPT = 300;

/** An attempt that gave no usable answer, on its way to the outcome. Never leaves the client. */
export class CallFailure extends Error {
  constructor(
    readonly error: CallError,
    readonly details: { readonly retryAfterMs?: number | null; readonly raw?: unknown } = {},
    options?: { cause?: unknown },
  ) {
    super(error.message, options);
    this.name = "CallFailure";
  }
}

/** A failure without an HTTP status. */
export function failure(type: CallErrorType, message: string, retryable = false): CallFailure {
  return new CallFailure({ type, message, httpStatus: null, retryable });
}

/** The failure of an answer whose status is no success. */
export function statusFailure(args: { status: number; body: string; location: string | null; retryAfterMs: number | null; raw: unknown }): CallFailure {
  const { status } = args;
  const said = args.body.trim() === "" ? "" : `: ${excerpt(args.body.trim())}`;
  return new CallFailure({ ...statusMessage(status, said, args.location), httpStatus: status, retryable: TRANSIENT_STATUS.has(status) }, { retryAfterMs: args.retryAfterMs, raw: args.raw });
}

function statusMessage(status: number, said: string, location: string | null): Pick<CallError, "type" | "message"> {
  if (status === 429) return { type: CallErrorType.RATE_LIMIT, message: `The endpoint answered 429, too many requests${said}. Lower its requestsPerMinute or maxConcurrency.` };
  if (status === 401 || status === 403) return { type: CallErrorType.AUTH, message: `The endpoint refused the credentials with ${status}${said}. Check its auth.` };
  if (status >= 300 && status < 400) return { type: CallErrorType.HTTP, message: `The endpoint answered ${status} and points to ${location ?? "another address"}. Redirects are not followed: give the final url.` };
  return { type: CallErrorType.HTTP, message: `The endpoint answered ${status}${said}` };
}

function excerpt(text: string): string {
  return text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
}

/** The failure of an answer that is larger than what is read. */
export function tooLarge(httpStatus: number | null): CallFailure {
  return new CallFailure({ type: CallErrorType.TOO_LARGE, message: `The answer has more than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB. Let the endpoint answer less.`, httpStatus, retryable: false });
}

/** The failure behind an error of the connection. `host` is whom it was to. */
export function connectionFailure(error: unknown, host: string): CallFailure {
  if (error instanceof CallFailure) return error;
  const codes = codesOf(error);
  if (codes.length > 0 && codes.every((code) => code === BLOCKED_ADDRESS_CODE)) return blockedAddress(host, error);
  if (codes.includes("UND_ERR_CONNECT_TIMEOUT") || codes.includes("ETIMEDOUT")) return new CallFailure({ type: CallErrorType.TIMEOUT, message: `No connection to ${host} in time.`, httpStatus: null, retryable: true }, {}, { cause: error });
  if (codes.includes("UND_ERR_INVALID_ARG")) return new CallFailure({ type: CallErrorType.REQUEST_MAPPING, message: `The request cannot be sent: ${messageOf(error)}.`, httpStatus: null, retryable: false }, {}, { cause: error });
  return new CallFailure({ type: CallErrorType.NETWORK, message: `The connection to ${host} failed: ${[...new Set(codes)].join(", ") || messageOf(error)}.`, httpStatus: null, retryable: true }, {}, { cause: error });
}

function blockedAddress(host: string, cause: unknown): CallFailure {
  return new CallFailure({ type: CallErrorType.BLOCKED_ADDRESS, message: `${host} leads to a private address. Set ENDPOINT_ALLOW_PRIVATE=true if endpoints may be there.`, httpStatus: null, retryable: false }, {}, { cause });
}

/** Node's and undici's codes; those of all tries where a name has several addresses. */
function codesOf(error: unknown): string[] {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(codesOf);
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined; // Node puts it there
  return typeof code === "string" ? [code] : [];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
