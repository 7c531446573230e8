import type { Credentials, EndpointLimits, EndpointVersion } from "./endpoint.js";

/** Why a call of an endpoint gave no usable answer. Runs know further reasons of their own. */
export const CallErrorType = {
  /** The endpoint answered with a status that is no success. */
  HTTP: "HTTP",
  /** No connection, or one that broke. */
  NETWORK: "NETWORK",
  TIMEOUT: "TIMEOUT",
  /** The answer is malformed, or has nothing where the mapping looks. */
  RESPONSE_MAPPING: "RESPONSE_MAPPING",
  /** The request could not be made from the test. */
  REQUEST_MAPPING: "REQUEST_MAPPING",
  /** The answer has more than MAX_ANSWER_BYTES. */
  TOO_LARGE: "TOO_LARGE",
  /** The endpoint refused the credentials, or none could be had. */
  AUTH: "AUTH",
  /** The endpoint is on a private address, which this gateway does not call. */
  BLOCKED_ADDRESS: "BLOCKED_ADDRESS",
  /** The endpoint answered 429. */
  RATE_LIMIT: "RATE_LIMIT",
  /** A fault of the gateway itself; its log says more. */
  INTERNAL: "INTERNAL",
} as const;
export type CallErrorType = (typeof CallErrorType)[keyof typeof CallErrorType];

export interface CallError {
  readonly type: CallErrorType;
  /** Names the cause and the next step; never holds secrets. */
  readonly message: string;
  readonly httpStatus: number | null;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
}

/** The most of an answer's body that is read: beyond it, memory would be the endpoint's to fill. */
export const MAX_ANSWER_BYTES = 10 * 1024 * 1024;

/** Whom to call: the pinned version with the endpoint's present limits and secrets. Never log it. */
export interface CallTarget {
  readonly version: EndpointVersion;
  readonly credentials: Credentials;
  readonly limits: EndpointLimits;
}

export interface ChatMessage {
  readonly role: "user" | "assistant" | "system";
  readonly content: string;
}

/** What request mappings may name. */
export interface CallVariables {
  readonly input: string;
  readonly expectedResponse: string | null;
  readonly context: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Null until the endpoint gave one. */
  readonly sessionId: string | null;
  /** The whole conversation, the present input last. */
  readonly messages: readonly ChatMessage[];
  /** From 1. */
  readonly turn: number;
  readonly testId: string | null;
  readonly testKey: string | null;
  readonly runId: string | null;
  readonly resultId: string | null;
  readonly trial: number;
  readonly languageCode: string | null;
}

/** What the response mapping made of an answer. */
export interface MappedAnswer {
  /** As it is if a string, else compact JSON text; "" is an answer. */
  readonly output: string;
  readonly sessionId: string | null;
  readonly context: string[];
  readonly metadata: unknown;
  readonly toolCalls: unknown;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** The answer before mapping, secrets removed. */
  readonly raw: unknown;
}

/** How one attempt ended. `latencyMs` is from the first byte of the request to the last of the answer. */
export type CallOutcome =
  | { readonly ok: true; readonly answer: MappedAnswer; readonly httpStatus: number | null; readonly latencyMs: number }
  | {
      readonly ok: false;
      readonly error: CallError;
      readonly latencyMs: number;
      /** What Retry-After asked for, from the moment of the answer. */
      readonly retryAfterMs: number | null;
      /** The answer as far as there is one, secrets removed. */
      readonly raw: unknown;
    };

export interface CallOptions {
  /** Sent as Idempotency-Key, so that an endpoint can tell a repeated attempt. */
  readonly idempotencyKey: string;
  /** For the whole attempt: token, connection, headers and body. */
  readonly timeoutMs: number;
  /** Ends the call at once, down to the socket. */
  readonly signal: AbortSignal;
}

/**
 * Calls endpoints. `call` is one attempt: it never retries and never throws, except the signal's reason once that has
 * aborted. Nothing of what it answers holds a secret of the target.
 */
export interface EndpointClient {
  call(target: CallTarget, variables: CallVariables, options: CallOptions): Promise<CallOutcome>;
  close(): Promise<void>;
}
