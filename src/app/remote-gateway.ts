import { createWriteStream } from "node:fs";
import { lstat, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { unanswered } from "./command-line.js";

/** How often a socket that broke is opened again, with growing pauses, before the command gives up: a minute and a half, in which a gateway is started anew. */
const RECONNECTS = 20;
const LONGEST_PAUSE_MS = 5_000;
/** What ws says where no WebSocket can be opened, as behind a proxy that lets none through; not where the proxy reaches nobody at the moment. */
const REFUSED = /^Unexpected server response: (?!50[234])/;

/** A gateway as commands see it: GraphQL over HTTP, subscriptions over a WebSocket, downloads. */
export class RemoteGateway {
  readonly #url: string;
  readonly #token: string;

  constructor(gateway: { readonly url: string; readonly token: string }) {
    this.#url = gateway.url;
    this.#token = gateway.token;
  }

  /** The data of an operation; throws with the first error's message, and the reason where there is one. */
  async request<D>(query: string, variables: Readonly<Record<string, unknown>>): Promise<D> {
    const response = await this.#fetch("/graphql", { method: "POST", headers: { "content-type": "application/json", accept: "application/graphql-response+json, application/json" }, body: JSON.stringify({ query, variables }) });
    const text = await response.text();
    const { data, errors } = parseAnswer<D>(text, response.status);
    if (errors?.[0] !== undefined) throw new Error(`${errors[0].message}${errors[0].extensions?.reason === undefined ? "" : ` [${errors[0].extensions.reason}]`}`);
    if (data == null) throw new Error(`The gateway answered ${response.status} without data.`);
    return data;
  }

  /** The events of a subscription until it completes or the signal aborts. A socket that breaks is opened again, and the subscription with it: it begins with the present state then. */
  async *subscribe<D>(query: string, variables: Readonly<Record<string, unknown>>, signal: AbortSignal): AsyncGenerator<D> {
    const url = new URL("/graphql", this.#url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const client = createClient({
      url: url.href,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${this.#token}` },
      retryAttempts: RECONNECTS,
      // Also while nobody answers, as between the end of a gateway and its next start. A bad token is final by itself.
      shouldRetry: (event) => !REFUSED.test(String((event as { message?: unknown }).message)), // a close event, or ws' error event
      retryWait: (retries) => setTimeout(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** retries), undefined, { signal }).catch(() => undefined),
    });
    const events = client.iterate<Record<string, unknown>>({ query, variables });
    const stop = (): void => void events.return?.();
    signal.addEventListener("abort", stop);
    try {
      for await (const result of events) {
        if (result.errors?.[0] !== undefined) throw new Error(result.errors[0].message);
        if (result.data != null) yield result.data as D; // the operation's shape, as the caller says
      }
    } catch (error) {
      throw asError(new URL(this.#url), error);
    } finally {
      signal.removeEventListener("abort", stop);
      await client.dispose();
    }
  }

  /** Saves what a path answers. The file appears whole or not at all; what is no plain file, such as /dev/stdout, is written to as it is rather than replaced. */
  async download(path: string, file: string): Promise<void> {
    const response = await this.#fetch(path, {});
    if (!response.ok || response.body === null) throw new Error(`${path} could not be downloaded: the gateway answered ${response.status}.`);
    const isReplaced = await lstat(file).then((found) => found.isFile(), () => true);
    const part = isReplaced ? `${file}.part` : file;
    try {
      await pipeline(Readable.fromWeb(response.body), createWriteStream(part));
      if (isReplaced) await rename(part, file);
    } catch (error) {
      if (isReplaced) await rm(part, { force: true });
      throw new Error(`${file} could not be written`, { cause: error });
    }
  }

  async #fetch(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    const url = new URL(path, this.#url);
    try {
      return await fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${this.#token}` } });
    } catch (error) {
      throw unanswered(url, error);
    }
  }
}

interface Answer<D> {
  readonly data?: D | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly reason?: string } }[];
}

function parseAnswer<D>(text: string, status: number): Answer<D> {
  try {
    return JSON.parse(text) as Answer<D>; // GraphQL over HTTP's shape
  } catch {
    throw new Error(`The gateway answered ${status} with something that is no GraphQL answer. Is the address right?`);
  }
}

/** What graphql-ws throws: an Error, a list of GraphQL errors, or the event that closed the socket or kept it from opening. */
function asError(url: URL, error: unknown): Error {
  if (error instanceof Error) return error;
  if (Array.isArray(error)) return new Error((error as { message: string }[]).map(({ message }) => message).join("; "));
  const { code, reason, error: cause } = error as { code?: number; reason?: string; error?: unknown };
  if (cause instanceof Error) return unanswered(url, cause);
  return new Error(`The gateway closed the socket${code === undefined ? "" : ` with ${code}`}${reason === undefined || reason === "" ? "" : ` (${reason})`}.`);
}
