import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mayReadMetrics, type Registry } from "../observability/index.js";
import type { Running } from "./process.js";

/** What a worker answers: a page of three paths without the API's packages, which a worker does not load. */
export interface WorkerDoorOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly registry: Registry;
  readonly metricsToken: string | null;
  /** Whether the worker can work: its database is reachable. */
  readonly isReady: () => Promise<boolean>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const json = (status: number, body: object): Answer => ({ status, type: "application/json; charset=utf-8", body: JSON.stringify(body) });

/** Serves /healthz, /readyz and /metrics of a worker process. Throws when it cannot listen there. */
export async function startWorkerDoor(options: WorkerDoorOptions): Promise<Running & { readonly port: number }> {
  const server = createServer((request, response) => {
    void answer(request, options)
      .catch(() => json(503, { status: "unavailable" }))
      .then((answered) => send(request, response, answered));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`The worker cannot listen at WORKER_PORT ${options.port} on ${options.host}: ${error.message}`, { cause: error })));
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // it listens
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, options: WorkerDoorOptions): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") return json(405, { status: "method not allowed" });
  switch ((request.url ?? "").split("?", 1)[0]) {
    case "/healthz":
      return json(200, { status: "alive" });
    case "/readyz":
      return (await options.isReady()) ? json(200, { status: "ready" }) : json(503, { status: "unavailable", reason: "the database cannot be reached or is not migrated yet" });
    case "/metrics":
      return metrics(request, options);
    default:
      return json(404, { status: "not found" });
  }
}

async function metrics(request: IncomingMessage, { registry, metricsToken }: WorkerDoorOptions): Promise<Answer> {
  const { authorization } = request.headers;
  const isForwarded = request.headers["x-forwarded-for"] !== undefined || request.headers.forwarded !== undefined;
  const isAllowed = mayReadMetrics(metricsToken, { authorization, remoteAddress: request.socket.remoteAddress ?? null, isForwarded });
  if (!isAllowed) return metricsToken === null ? json(403, { status: "forbidden", reason: "set METRICS_TOKEN" }) : json(401, { status: "unauthenticated" });
  return { status: 200, type: registry.contentType, body: await registry.metrics() };
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), "cache-control": "no-store" });
  response.end(request.method === "HEAD" ? undefined : body);
}
