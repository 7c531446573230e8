export { Counter, Gauge, Histogram, type Registry } from "prom-client";
export { mayReadMetrics, type MetricsRequest } from "./metrics-access.js";
export { openTelemetry, silentTelemetry, type Telemetry } from "./telemetry.js";
export type { Span, SpanAttributes, SpanOptions, Tracer } from "./tracer.js";
