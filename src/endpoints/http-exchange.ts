import { type Dispatcher, type FormData, request } from "undici";
import { MAX_ANSWER_BYTES } from "./call.js";
import { connectionFailure, tooLarge } from "./call-failure.js";

/** A request as it goes out. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: string | FormData | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly location: string | null;
  readonly retryAfter: string | null;
  readonly body: string;
}

/**
 * Sends one request and reads its whole answer, at most MAX_ANSWER_BYTES. Follows no redirect. Throws a CallFailure,
 * or the signal's reason when that aborts.
 */
export async function exchange(dispatcher: Dispatcher, message: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    const { statusCode, headers, body } = await request(message.url, { dispatcher, signal, method: message.method, headers: message.headers, body: message.body });
    const contentType = headerOf(headers["content-type"]);
    return {
      status: statusCode,
      contentType,
      contentEncoding: headerOf(headers["content-encoding"]),
      location: headerOf(headers["location"]),
      retryAfter: headerOf(headers["retry-after"]),
      body: decode(await readBounded(body, statusCode, contentType), contentType),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw connectionFailure(error, message.url.host);
  }
}

function headerOf(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

async function readBounded(body: Dispatcher.ResponseData["body"], status: number, contentType: string | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const isEventStream = contentType?.startsWith("text/event-stream") === true;
  let size = 0;
  let tail = "";
  for await (const chunk of body as AsyncIterable<Buffer>) { // undici's bodies give buffers
    size += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > MAX_ANSWER_BYTES) throw tooLarge(status);
    chunks.push(chunk);
    if (!isEventStream) continue;
    // A server may keep the connection open after the last event.
    tail = (tail + chunk.toString("latin1")).slice(-64 - chunk.length);
    if (/(^|[\r\n])data: ?\[DONE\][\r\n]/.test(tail)) break;
    tail = tail.slice(-64);
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer, contentType: string | null): string {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType ?? "")?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString("utf8"); // a charset that nobody knows
  }
}

/** What Retry-After asks for, in milliseconds from now: seconds or an HTTP date; null without one or when it is neither. */
export function parseRetryAfter(value: string | null, now: Date): number | null {
  const text = value?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const time = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : Math.max(0, time - now.getTime());
}
