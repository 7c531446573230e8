/** What a span says beside its name. Ids and numbers; never content. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span that runs. */
export interface Span {
  /** Adds what is known only later. */
  set(attributes: SpanAttributes): void;
  /** Marks the span as failed without a throw. */
  fail(why: string): void;
}

export interface SpanOptions {
  /** What the work is, seen from this process: something asked of it, asked by it, taken from a queue, or its own. */
  readonly kind: "server" | "client" | "consumer" | "internal";
  readonly attributes?: SpanAttributes;
  /** The caller's span as a W3C traceparent header; what cannot be read is ignored. */
  readonly traceparent?: string | undefined;
}

/** Times work and says what it was part of. */
export interface Tracer {
  /** Runs the work inside a span, whose parent is the span around it. What the work throws fails the span and is thrown on. */
  span<R>(name: string, options: SpanOptions, work: (span: Span) => Promise<R>): Promise<R>;
  /** Sends what is left; gives up soon when nobody takes it. */
  close(): Promise<void>;
}

const NO_SPAN: Span = { set: () => undefined, fail: () => undefined };

/** Traces nothing, at the cost of a call. */
export const SILENT_TRACER: Tracer = {
  span: (_name, _options, work) => work(NO_SPAN),
  close: () => Promise.resolve(),
};
