import { randomUUID } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import { doorError } from "./graphql-errors.js";

const gzipBytes = promisify(gzip);
/** Smaller answers travel in one packet anyway. */
const COMPRESS_FROM_BYTES = 1_400;
/** Low, as answers are made once: level 9 costs four times the CPU for a few percent. */
const GZIP_LEVEL = 4;
/** How long the rest of a refused body is read and dropped, so that the caller gets to read the answer. */
const LINGER_MS = 2_000;

/** What is answered. An async body is streamed at the caller's pace and must end when the exchange's signal aborts. */
export interface Answer {
  readonly status?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly contentType: string;
  readonly body: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

/** One HTTP request and its answer. */
export class Exchange {
  readonly requestId: string;
  /** Path and query string of the request; its host means nothing. */
  readonly url: URL;
  readonly remoteAddress: string | null;
  readonly startedAt = performance.now();
  readonly #gone = new AbortController();

  constructor(
    readonly incoming: IncomingMessage,
    readonly outgoing: ServerResponse,
    /** Aborted when the gateway begins to shut down. */
    readonly draining: AbortSignal,
  ) {
    this.requestId = requestIdOf(incoming);
    this.remoteAddress = addressOf(incoming);
    outgoing.setHeader("x-request-id", this.requestId);
    outgoing.setHeader("x-content-type-options", "nosniff");
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) this.abort(new Error("the caller went away"));
    });
    this.url = urlOf(incoming.url ?? "/");
  }

  /** Aborted when the caller goes away or the deadline passes. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get method(): string {
    return this.incoming.method ?? "GET";
  }

  abort(reason: Error): void {
    this.#gone.abort(reason);
  }

  /** Sends the answer, compressed where it is asked for and worth it. Does nothing once the caller is gone. */
  async send(answer: Answer): Promise<void> {
    const { outgoing } = this;
    if (outgoing.destroyed || outgoing.headersSent) return;
    for (const [name, value] of Object.entries(answer.headers ?? {})) if (value !== undefined) outgoing.setHeader(name, value);
    outgoing.setHeader("content-type", answer.contentType);
    if (!outgoing.hasHeader("cache-control")) outgoing.setHeader("cache-control", "no-store");
    outgoing.appendHeader("vary", "Accept-Encoding");
    if (this.draining.aborted) outgoing.setHeader("connection", "close");
    outgoing.statusCode = answer.status ?? 200;
    if (this.method === "HEAD") outgoing.end();
    else if (typeof answer.body === "string" || answer.body instanceof Uint8Array) await this.#sendBytes(Buffer.from(answer.body));
    else await this.#stream(answer.body, answer.contentType);
    this.#dropRestOfBody();
  }

  async #sendBytes(bytes: Buffer): Promise<void> {
    const { outgoing } = this;
    let body = bytes;
    if (bytes.length >= COMPRESS_FROM_BYTES && !outgoing.hasHeader("content-encoding") && acceptsGzip(this.incoming)) {
      body = await gzipBytes(bytes, { level: GZIP_LEVEL });
      outgoing.setHeader("content-encoding", "gzip");
    }
    if (outgoing.destroyed) return;
    if (outgoing.statusCode !== 204) outgoing.setHeader("content-length", body.length); // RFC 9110 forbids it there
    outgoing.end(body);
  }

  async #stream(body: AsyncIterable<string | Uint8Array>, contentType: string): Promise<void> {
    const source = Readable.from(this.incoming.httpVersion === "1.0" ? resetOnFailure(body, this.outgoing) : body, { objectMode: false });
    // Compressing would hold back events until a block is full.
    if (contentType.startsWith("text/event-stream") || this.outgoing.hasHeader("content-encoding") || isCompressedAlready(contentType) || !acceptsGzip(this.incoming)) {
      this.outgoing.flushHeaders();
      await pipeline(source, this.outgoing);
      return;
    }
    this.outgoing.setHeader("content-encoding", "gzip");
    await pipeline(source, createGzip({ level: GZIP_LEVEL }), this.outgoing);
  }

  /** Cutting the connection at once would often destroy the answer on its way; reading on for ever would invite abuse. */
  #dropRestOfBody(): void {
    const { incoming } = this;
    if (incoming.complete) return;
    incoming.resume();
    const timer = setTimeout(() => incoming.socket.destroy(), LINGER_MS);
    incoming.once("close", () => clearTimeout(timer));
  }
}

/** Answers to HTTP/1.0, which many proxies speak, have no chunks: the connection's end is the answer's. One that breaks off is reset instead. */
async function* resetOnFailure(body: AsyncIterable<string | Uint8Array>, outgoing: ServerResponse): AsyncGenerator<string | Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    outgoing.socket?.resetAndDestroy();
    throw error;
  }
}

function isCompressedAlready(contentType: string): boolean {
  return contentType === "image/png" || contentType.startsWith("font/woff");
}

/** The caller's address; of IPv4 callers on an IPv6 socket the IPv4 one, as lists and people write it. */
export function addressOf(incoming: IncomingMessage): string | null {
  return incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? null;
}

function requestIdOf(incoming: IncomingMessage): string {
  const given = incoming.headers["x-request-id"];
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function urlOf(target: string): URL {
  const url = target.startsWith("/") ? `http://gateway${target}` : target;
  if (!URL.canParse(url)) throw doorError("BAD_USER_INPUT", "URL_INVALID", "The request's path cannot be read.");
  return new URL(url);
}

/** Whether the caller reads gzip. */
export function acceptsGzip(incoming: IncomingMessage): boolean {
  const accepted = incoming.headers["accept-encoding"];
  return typeof accepted === "string" && accepted.split(",").some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$)[\d.]+\s*)?$/i.test(coding));
}
