export {
  type CallError,
  CallErrorType,
  type CallOptions,
  type CallOutcome,
  type CallTarget,
  type CallVariables,
  type ChatMessage,
  type EndpointClient,
  type MappedAnswer,
  MAX_ANSWER_BYTES,
} from "./call.js";
export { OutboundEndpointClient } from "./endpoint.client.js";
export { canonicalJson, ConnectionType, type Credentials, DEFAULT_LIMITS, type Endpoint, EndpointAuthType, type EndpointLimits, type EndpointVersion, HttpMethod, MASK, NO_CREDENTIALS } from "./endpoint.js";
export { createEndpointLoaders, type EndpointLoaders } from "./endpoint.loaders.js";
export type { LimitsInput } from "./endpoint-input.js";
export { urlProblems } from "./endpoint-url.js";
export { findEndpointsByIds, findEndpointVersionsByIds } from "./endpoint.repository.js";
export { endpointRefs, EndpointService } from "./endpoint.service.js";
export type * from "./endpoint.table.js";
export { type EndpointProbe, EndpointProbeService } from "./endpoint-probe.service.js";
export { EndpointTargets } from "./endpoint-targets.js";
export type { HttpRequest } from "./http-exchange.js";
export type { Model, ModelTarget } from "./model.js";
export { type ExchangeOutcome, exchangeOnce } from "./model-exchange.js";
export { findModelsByIds } from "./model.repository.js";
export { modelRefs, ModelService } from "./model.service.js";
export { ModelTargets } from "./model-targets.js";
export type * from "./model.table.js";
export { limitProblems, mergeLimits } from "./limits.js";
export { resealSecrets } from "./secret-rotation.repository.js";
export { isStateful, isStateless } from "./request-mapping.js";
