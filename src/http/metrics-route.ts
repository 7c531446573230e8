import { mayReadMetrics, type Registry } from "../observability/index.js";
import { doorError } from "./graphql-errors.js";
import type { PlainRoute } from "./plain-route.js";
import { RefusedRequest } from "./request-body.js";

/** GET /metrics in Prometheus' text format: with the token where one is set, else from this machine only. */
export function metricsRoute(deps: { registry: Registry; token: string | null }): PlainRoute {
  return {
    method: "GET",
    path: "/metrics",
    public: true,
    handle: async (request) => {
      const { authorization } = request.headers;
      const isForwarded = request.headers["x-forwarded-for"] !== undefined || request.headers.forwarded !== undefined;
      if (!mayReadMetrics(deps.token, { authorization, remoteAddress: request.remoteAddress, isForwarded })) throw refusal(deps.token, authorization);
      await request.send({ contentType: deps.registry.contentType, body: await deps.registry.metrics() });
    },
  };
}

function refusal(token: string | null, authorization: string | undefined): RefusedRequest {
  if (token === null) return new RefusedRequest(403, doorError("FORBIDDEN", "METRICS_TOKEN_NOT_SET", "The metrics are for this machine alone until METRICS_TOKEN is set; then ask with the header Authorization: Bearer TOKEN."));
  const reason = authorization === undefined ? "TOKEN_MISSING" : "TOKEN_INVALID";
  return new RefusedRequest(401, doorError("UNAUTHENTICATED", reason, "The metrics need the header Authorization: Bearer TOKEN with the value of METRICS_TOKEN."), { "www-authenticate": "Bearer" });
}
