import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as it arrived. */
export interface RecordedRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: any;
  readonly receivedAt: number;
}

/** What the endpoint does with a request. Without any field: 200 and `{}`. */
export interface FakeReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body as JSON, with its content type. */
  readonly json?: unknown;
  /** The body as it is; text/plain unless headers say otherwise. */
  readonly text?: string;
  /** The body in pieces, each after `chunkDelayMs`. */
  readonly chunks?: readonly string[];
  readonly chunkDelayMs?: number;
  /** A body of so many bytes. */
  readonly bytes?: number;
  /** Waits before it answers. */
  readonly delayMs?: number;
  /** Breaks the connection: without an answer, or in the middle of the body. */
  readonly cut?: "at once" | "in body";
  /** Never answers, or never ends the body. */
  readonly hang?: "at once" | "in body";
}

export type FakeHandler = (request: RecordedRequest, index: number) => FakeReply | Promise<FakeReply>;

/** A real HTTP server on loopback whose answers a test decides. */
export interface FakeEndpoint {
  readonly url: string;
  /** All requests in the order of their arrival. */
  readonly requests: RecordedRequest[];
  /** How many requests were in progress at once at the most, and are now. */
  readonly inFlight: { now: number; most: number };
  /** Decides all further answers: one for all, or a function of the request and its number from 0. */
  answer(reply: FakeReply | FakeHandler): void;
  /** Decides the next answers, in turn; then it is as before. */
  answerNext(...replies: FakeReply[]): void;
  /** Forgets the requests. */
  clear(): void;
  close(): Promise<void>;
}

/** Starts one on a free port. Its default answer echoes the input: `{ output: "echo: INPUT" }`. */
export async function startFakeEndpoint(handler: FakeReply | FakeHandler = echo): Promise<FakeEndpoint> {
  let current: FakeHandler = asHandler(handler);
  const queue: FakeReply[] = [];
  const requests: RecordedRequest[] = [];
  const inFlight = { now: 0, most: 0 };
  const server = createServer((message, response) => {
    inFlight.now += 1;
    inFlight.most = Math.max(inFlight.most, inFlight.now);
    const { socket } = message;
    const leave = (): void => {
      socket.off("end", leave);
      response.off("close", leave);
      inFlight.now -= 1;
    };
    response.once("close", leave);
    socket.once("end", leave); // the end of a caller that was killed: its response closes a moment later, when another's call may have begun
    response.on("error", () => undefined); // the caller may go away at any moment
    void serve(message, response, (request) => {
      requests.push(request);
      return queue.shift() ?? current(request, requests.length - 1);
    });
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    inFlight,
    answer: (reply) => (current = asHandler(reply)),
    answerNext: (...replies) => queue.push(...replies),
    clear: () => (requests.length = 0),
    close: () => closeAll(server, sockets),
  };
}

const echo: FakeHandler = (request) => ({ json: { output: `echo: ${request.json?.input ?? request.json?.messages?.at(-1)?.content ?? request.body}` } });

function asHandler(reply: FakeReply | FakeHandler): FakeHandler {
  return typeof reply === "function" ? reply : () => reply;
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function serve(message: IncomingMessage, response: ServerResponse, decide: (request: RecordedRequest) => FakeReply | Promise<FakeReply>): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  const url = new URL(message.url ?? "/", "http://fake");
  const reply = await decide({
    method: message.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: message.headers as Record<string, string | undefined>,
    body,
    json: parse(body),
    receivedAt: Date.now(),
  });
  if (reply.delayMs !== undefined) await pause(reply.delayMs);
  await send(response, reply);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function send(response: ServerResponse, reply: FakeReply): Promise<void> {
  if (reply.cut === "at once") return void response.destroy();
  if (reply.hang === "at once") return;
  const body = reply.text ?? (reply.bytes === undefined && reply.chunks === undefined ? JSON.stringify(reply.json ?? {}) : "");
  const type = reply.text === undefined ? "application/json" : "text/plain; charset=utf-8";
  response.writeHead(reply.status ?? 200, { "content-type": type, ...reply.headers });
  if (reply.cut === "in body" || reply.hang === "in body") {
    response.write(body.slice(0, Math.ceil(body.length / 2)) || "{");
    if (reply.cut === "in body") setTimeout(() => response.destroy(), 20);
    return;
  }
  for (const chunk of reply.chunks ?? []) {
    response.write(chunk);
    await pause(reply.chunkDelayMs ?? 0);
  }
  if (reply.bytes !== undefined) await sendBytes(response, reply.bytes);
  response.end(body);
}

async function sendBytes(response: ServerResponse, bytes: number): Promise<void> {
  const block = Buffer.alloc(64 * 1024, "x");
  const closed = new Promise<void>((resolve) => response.once("close", resolve));
  for (let sent = 0; sent < bytes && !response.destroyed; sent += block.length) {
    const isFull = !response.write(block.subarray(0, Math.min(block.length, bytes - sent)));
    if (isFull) await Promise.race([new Promise<void>((resolve) => response.once("drain", resolve)), closed]);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
