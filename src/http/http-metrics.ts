import { Counter, Gauge, Histogram, type Registry } from "../observability/index.js";
import type { PlainRoute } from "./plain-route.js";

/** Seconds: from a lookup by key to the deadline of requests. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What the doors count. Labels take few values: a route is its pattern, never the path that was asked for. */
export class HttpMetrics {
  readonly #requests: Histogram<"method" | "route" | "status">;
  readonly #operations: Counter<"type">;
  readonly #sockets: Gauge;
  readonly #subscriptions: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Histogram({ name: "assay_http_request_duration_seconds", help: "HTTP requests by route and status, from arrival to the end of the answer.", labelNames: ["method", "route", "status"], buckets: BUCKETS, registers });
    this.#operations = new Counter({ name: "assay_socket_operations_total", help: "GraphQL operations that came over WebSockets.", labelNames: ["type"], registers });
    this.#sockets = new Gauge({ name: "assay_websockets", help: "WebSockets that are open.", registers });
    this.#subscriptions = new Gauge({ name: "assay_subscriptions", help: "Subscriptions that run.", registers });
  }

  /** A request was answered, or its caller went away. */
  answered(request: { method: string; route: string; status: number; durationMs: number }): void {
    this.#requests.observe({ method: request.method, route: request.route, status: String(request.status) }, request.durationMs / 1_000);
  }

  /** A WebSocket opened; answers how to say that it closed. */
  socketOpened(): () => void {
    this.#sockets.inc();
    return () => this.#sockets.dec();
  }

  /** An operation came over a WebSocket. */
  operation(type: string): void {
    this.#operations.inc({ type });
  }

  /** A subscription began; answers how to say that it ended. */
  subscriptionBegan(): () => void {
    this.#subscriptions.inc();
    return () => this.#subscriptions.dec();
  }
}

/** A route's path, or its pattern as people write it, such as /runs/{id}/events. */
export function routeLabel({ path }: Pick<PlainRoute, "path">): string {
  if (typeof path === "string") return path;
  return path.source.replaceAll(/\(\?<(\w+)>(?:\\.|\[(?:\\.|[^\]])*\]|[^()\\])*\)/g, "{$1}").replaceAll(/^\^|\$$|\\/g, "");
}
