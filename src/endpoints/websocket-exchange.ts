import type { IncomingMessage } from "node:http";
import { type ClientOptions, WebSocket } from "ws";
import { connectGuarded, connectGuardedTls } from "../address-guard.js";
import { CallErrorType, MAX_ANSWER_BYTES } from "./call.js";
import { type CallFailure, connectionFailure, failure, statusFailure, tooLarge } from "./call-failure.js";
import { parseRetryAfter } from "./http-exchange.js";

/** One exchange: what goes out, and how the end of the answer is known. */
export interface WebSocketRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: string;
  /** Whether a message ends the answer, and belongs to it; null where messages do not say. */
  readonly endOf: ((message: string) => "no" | "with it" | "before it") | null;
  /** The silence after a message that ends the answer; null for none. */
  readonly silenceMs: number | null;
}

export interface WebSocketAnswer {
  readonly messages: readonly string[];
  /** When the last message came, on the clock of performance.now(): the silence after it is no latency. */
  readonly lastAt: number;
}

/** Closed in an orderly way: done, going away, or without a code. */
const NORMAL_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005]);
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Connects, sends one message and gathers messages until the last one, silence, or an orderly close; at most
 * MAX_ANSWER_BYTES in all. Throws a CallFailure, or the signal's reason when that aborts.
 */
export function exchangeMessages(request: WebSocketRequest, options: { allowPrivate: boolean; now: Date; signal: AbortSignal }): Promise<WebSocketAnswer> {
  const { signal } = options;
  const { "sec-websocket-protocol": protocols, ...headers } = request.headers;
  const socket = new WebSocket(request.url, (protocols ?? "").split(",").map((each) => each.trim()).filter((each) => each !== ""), {
    headers,
    maxPayload: MAX_ANSWER_BYTES,
    perMessageDeflate: false, // a small message could unfold into a large one
    followRedirects: false,
    ...(options.allowPrivate ? {} : { createConnection: (request.url.protocol === "wss:" ? connectGuardedTls : connectGuarded) as unknown as NonNullable<ClientOptions["createConnection"]> }), // its type is that of one overload of net.connect
  });
  const gathering = new Gathering(request, () => socket.close());
  const onAbort = (): void => gathering.fail(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("open", () => socket.send(request.message));
  socket.on("message", (data: Buffer) => gathering.take(data.toString("utf8"), data.length)); // one buffer, as binaryType is nodebuffer
  socket.on("close", (code, reason) => gathering.closed(code, reason.toString("utf8")));
  socket.on("error", (error) => gathering.fail(isTooLong(error) ? tooLarge(null) : connectionFailure(error, request.url.host)));
  socket.on("unexpected-response", (_request, response) => void refusalOf(response, options.now).then((refusal) => gathering.fail(refusal)));
  return gathering.done.finally(() => {
    signal.removeEventListener("abort", onAbort);
    // A close that is not answered must not keep the socket: it is cut unless the peer is quick.
    if (signal.aborted || socket.readyState === WebSocket.CONNECTING) socket.terminate();
    else setTimeout(() => socket.terminate(), 1000).unref();
  });
}

/** The messages so far, and the promise of them all. */
class Gathering {
  readonly done: Promise<WebSocketAnswer>;
  readonly #request: WebSocketRequest;
  readonly #end: () => void;
  readonly #messages: string[] = [];
  #resolve: (answer: WebSocketAnswer) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #size = 0;
  #lastAt = 0;
  #isDone = false;
  #silence: NodeJS.Timeout | undefined;

  constructor(request: WebSocketRequest, end: () => void) {
    this.#request = request;
    this.#end = end;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  take(message: string, bytes: number): void {
    if (this.#isDone) return; // what follows the end is no part of the answer
    this.#size += bytes;
    if (this.#size > MAX_ANSWER_BYTES) return this.fail(tooLarge(null));
    this.#lastAt = performance.now();
    const end = this.#endOf(message);
    if (end !== "before it") this.#messages.push(message);
    if (end !== "no") return this.#finish();
    clearTimeout(this.#silence);
    if (this.#request.silenceMs !== null) this.#silence = setTimeout(() => this.#finish(), this.#request.silenceMs);
  }

  closed(code: number, reason: string): void {
    if (NORMAL_CODES.has(code) && this.#messages.length > 0) return this.#finish();
    const said = reason === "" ? "" : ` (${reason})`;
    if (NORMAL_CODES.has(code)) return this.fail(failure(CallErrorType.RESPONSE_MAPPING, `The endpoint closed the connection without an answer${said}.`));
    this.fail(failure(CallErrorType.NETWORK, `The endpoint closed the connection in the middle of the answer, with code ${code}${said}.`, true));
  }

  fail(error: unknown): void {
    this.#reject(error);
    this.#stop();
  }

  #endOf(message: string): "no" | "with it" | "before it" {
    try {
      return this.#request.endOf?.(message) ?? "no";
    } catch {
      return "no"; // nested too deep to look into: the mapping will say so of the whole answer
    }
  }

  #finish(): void {
    this.#resolve({ messages: this.#messages, lastAt: this.#lastAt });
    this.#stop();
  }

  #stop(): void {
    this.#isDone = true;
    clearTimeout(this.#silence);
    this.#end();
  }
}

function isTooLong(error: Error): boolean {
  return (error as { code?: unknown }).code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"; // ws puts it there
}

/** The failure of a handshake that was answered by plain HTTP. */
async function refusalOf(response: IncomingMessage, now: Date): Promise<CallFailure> {
  let body = "";
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      body += chunk.toString("utf8");
      if (body.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // Cut off: the status says enough.
  }
  return statusFailure({ status: response.statusCode ?? 0, body, location: response.headers.location ?? null, retryAfterMs: parseRetryAfter(response.headers["retry-after"] ?? null, now), raw: body });
}
