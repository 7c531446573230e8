import { createHash } from "node:crypto";
import type { Outbound } from "../address-guard.js";
import { type CallTarget, CallErrorType } from "./call.js";
import { CallFailure, failure } from "./call-failure.js";
import { canonicalJson, type EndpointAuth } from "./endpoint.js";
import { exchange, type HttpAnswer, parseRetryAfter } from "./http-exchange.js";

type ClientCredentials = Extract<EndpointAuth, { type: "CLIENT_CREDENTIALS" }>;

interface Token {
  readonly value: string;
  /** Milliseconds since the epoch, already early enough that a call made now still arrives in time. */
  readonly usableUntil: number;
}

/** How long a token counts where its server does not say. */
const DEFAULT_LIFETIME_S = 3600;
/** Renewed so much before the end, or a tenth of a short life. */
const MARGIN_MS = 30_000;
const TOKEN_TIMEOUT_MS = 30_000;
/** Tokens in memory; the oldest go first. */
const MAX_TOKENS = 1000;
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Gets and keeps the access tokens of OAuth 2 client credentials (RFC 6749, section 4.4; the client's secret goes into
 * the body, as most servers take it). Calls that need the same token wait for one request.
 */
export class AccessTokens {
  readonly #outbound: Outbound;
  readonly #now: () => Date;
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(deps: { outbound: Outbound; now: () => Date }) {
    this.#outbound = deps.outbound;
    this.#now = deps.now;
  }

  /** The token for the target; null where its authentication needs none. Throws a CallFailure, or the signal's reason. */
  async get(target: CallTarget, signal: AbortSignal): Promise<string | null> {
    const { auth } = target.version;
    if (auth.type !== "CLIENT_CREDENTIALS") return null;
    const key = keyOf(target);
    const known = this.#tokens.get(key);
    if (known !== undefined) {
      const token = await untilAborted(known, signal);
      if (token.usableUntil > this.#now().getTime()) return token.value;
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
    }
    return (await untilAborted(this.#tokens.get(key) ?? this.#start(key, auth, target.credentials.auth), signal)).value;
  }

  /** Drops a token that the endpoint refused, unless it has been renewed already. */
  async forget(target: CallTarget, value: string): Promise<void> {
    const key = keyOf(target);
    const known = this.#tokens.get(key);
    const token = await known?.catch(() => null);
    if (token?.value === value && this.#tokens.get(key) === known) this.#tokens.delete(key);
  }

  #start(key: string, auth: ClientCredentials, secret: string | null): Promise<Token> {
    const fetched = this.#fetch(auth, secret);
    this.#tokens.set(key, fetched);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > MAX_TOKENS && oldest !== undefined) this.#tokens.delete(oldest);
    // A failure is told to those who wait, and is not kept.
    fetched.catch(() => this.#tokens.get(key) === fetched && this.#tokens.delete(key));
    return fetched;
  }

  async #fetch(auth: ClientCredentials, secret: string | null): Promise<Token> {
    if (secret === null) throw failure(CallErrorType.AUTH, "The client secret of this version is not stored any more. Update the endpoint's auth.");
    const form = new URLSearchParams({ grant_type: "client_credentials", client_id: auth.clientId, client_secret: secret });
    if (auth.scopes.length > 0) form.set("scope", auth.scopes.join(" "));
    if (auth.audience !== null) form.set("audience", auth.audience);
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json", "accept-encoding": "identity", "user-agent": "assay-gateway" };
    // Its own bound, not the caller's signal: others wait for the same token.
    const answer = await exchange(this.#outbound.dispatcher, { url: new URL(auth.tokenUrl), method: "POST", headers, body: form.toString() }, timeout());
    return this.#read(answer);
  }

  #read(answer: HttpAnswer): Token {
    const { status } = answer;
    const said = parseObject(answer.body);
    if (status < 200 || status >= 300) {
      const why = [said["error"], said["error_description"]].filter((text) => typeof text === "string").join(": ");
      const message = `The token server answered ${status}${why === "" ? "" : ` (${why})`}. Check tokenUrl, clientId, clientSecret and scopes.`;
      throw new CallFailure({ type: CallErrorType.AUTH, message, httpStatus: status, retryable: TRANSIENT_STATUS.has(status) }, { retryAfterMs: parseRetryAfter(answer.retryAfter, this.#now()) });
    }
    const value = said["access_token"];
    if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) throw failure(CallErrorType.AUTH, "The token server's answer has no usable access_token. Check tokenUrl.");
    const seconds = Number(said["expires_in"] ?? DEFAULT_LIFETIME_S);
    const lifetimeMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_LIFETIME_S) * 1000;
    return { value, usableUntil: this.#now().getTime() + lifetimeMs - Math.min(MARGIN_MS, lifetimeMs / 10) };
  }
}

function timeout(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(failure(CallErrorType.TIMEOUT, `The token server gave no answer within ${TOKEN_TIMEOUT_MS} ms.`, true)), TOKEN_TIMEOUT_MS).unref();
  return controller.signal;
}

/** Tokens belong to a client of a token server in an organization, not to an endpoint. The secret itself is no key. */
function keyOf({ version, credentials }: CallTarget): string {
  return createHash("sha256").update(canonicalJson([version.organizationId, version.auth, credentials.auth])).digest("base64url");
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // its status, or the missing token, says enough
  }
}

/** The promise's outcome, or the signal's reason as soon as it aborts; the promise goes on for others. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error); // whoever aborts gives an error
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
