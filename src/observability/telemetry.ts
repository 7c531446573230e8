import { collectDefaultMetrics, Registry } from "prom-client";
import type { OtlpTracerOptions } from "./otlp-tracer.js";
import { SILENT_TRACER, type Tracer } from "./tracer.js";

/** What a process tells about itself: numbers for whoever asks, spans for a collector. */
export interface Telemetry {
  /** Every part of the process adds its metrics here. */
  readonly registry: Registry;
  readonly tracer: Tracer;
}

/** Counts for nobody and traces nothing: for tests and tools. */
export function silentTelemetry(): Telemetry {
  return { registry: new Registry(), tracer: SILENT_TRACER };
}

/** A process's own. `traces`: null loads nothing of OpenTelemetry. */
export async function openTelemetry(traces: OtlpTracerOptions | null): Promise<Telemetry> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const tracer = traces === null ? SILENT_TRACER : new (await import("./otlp-tracer.js")).OtlpTracer(traces);
  return { registry, tracer };
}
