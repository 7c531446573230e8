export type { Answer } from "./exchange.js";
export { type GatewayServer, type ServerDeps, type ServerSettings, startGatewayServer } from "./gateway-server.js";
export { LIMITS, type Tuning } from "./limits.js";
export { HostUnusableError, ListenError, PortForbiddenError, PortInUseError } from "./listen.js";
export { metricsRoute } from "./metrics-route.js";
export type { ContextArgs } from "./operation-context.js";
export type { PlainRequest, PlainRoute, ViewerRequest } from "./plain-route.js";
