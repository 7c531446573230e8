import { type Context, ROOT_CONTEXT, type Span as OtelSpan, SpanKind, SpanStatusCode, trace, TraceFlags, type Tracer as OtelTracer } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, type Sampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Span, SpanOptions, Tracer } from "./tracer.js";

/** How a tracer says who it is and what it keeps. */
export interface OtlpTracerOptions {
  /** Such as assay-worker; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win. */
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** OTEL_TRACES_SAMPLER and its argument; parentbased_always_on unless given. */
  readonly sampler: string | null;
  readonly samplerArgument: number | null;
}

/** An end must not hang on a collector that is gone. */
const CLOSE_MS = 2_000;
const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER, internal: SpanKind.INTERNAL } as const;

/**
 * Spans by OTLP over HTTP. Only here is OpenTelemetry loaded. Its packages read the exporter's own variables
 * (endpoint, headers, timeout, compression) from the environment themselves. Nothing global is registered: two
 * gateways in one process do not meet.
 */
export class OtlpTracer implements Tracer {
  readonly #provider: TracerProvider;
  readonly #tracer: OtelTracer;
  readonly #contexts = new AsyncLocalStorageContextManager().enable();

  constructor(options: OtlpTracerOptions) {
    const resource = defaultResource()
      .merge(resourceFromAttributes({ "service.name": options.serviceName, "service.version": options.serviceVersion }))
      .merge(detectResources({ detectors: [envDetector] }));
    this.#provider = new TracerProvider({ resource, sampler: samplerOf(options), spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })] });
    this.#tracer = this.#provider.getTracer("assay", options.serviceVersion);
  }

  span<R>(name: string, options: SpanOptions, work: (span: Span) => Promise<R>): Promise<R> {
    const parent = remoteParent(options.traceparent) ?? this.#contexts.active();
    const span = this.#tracer.startSpan(name, { kind: KINDS[options.kind], attributes: { ...options.attributes } }, parent);
    return this.#contexts.with(trace.setSpan(parent, span), () => finish(span, work));
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    await Promise.race([this.#provider.shutdown().catch(() => undefined), late]); // a collector that is away loses the last spans
    clearTimeout(timer);
    this.#contexts.disable();
  }
}

async function finish<R>(span: OtelSpan, work: (span: Span) => Promise<R>): Promise<R> {
  try {
    return await work({ set: (attributes) => span.setAttributes({ ...attributes }), fail: (message) => span.setStatus({ code: SpanStatusCode.ERROR, message }) });
  } catch (error) {
    // The class alone: messages may quote what was asked or answered.
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : "error" });
    throw error;
  } finally {
    span.end();
  }
}

/** The caller's span, of a header such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01. */
function remoteParent(traceparent: string | undefined): Context | null {
  const [, traceId, spanId, flags] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, spanContext);
}

function samplerOf({ sampler, samplerArgument }: OtlpTracerOptions): Sampler {
  const ratio = new TraceIdRatioBasedSampler(samplerArgument ?? 1);
  switch (sampler) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return ratio;
    case "parentbased_always_off":
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case "parentbased_traceidratio":
      return new ParentBasedSampler({ root: ratio });
    default:
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
  }
}
