import type { EndpointClient } from "../endpoints/index.js";
import { Counter, Gauge, Histogram, type Telemetry, type Tracer } from "../observability/index.js";
import type { JobHandler } from "../queue/index.js";
import type { Outcome } from "../runs/index.js";
import type { Scorer } from "../scoring/index.js";

/** Seconds: from a local endpoint to a model that thinks. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const QUICK_BUCKETS = [0.0001, 0.001, 0.01, 0.1, 1, 10, 60];

/** What a worker counts and traces, laid around the parts that do the work: those know nothing of it. */
export class WorkerTelemetry {
  readonly #tracer: Tracer;
  readonly #calls: Histogram<"outcome">;
  readonly #callsInFlight: Gauge;
  readonly #callWaits: Histogram;
  readonly #metrics: Histogram<"kind" | "status">;
  readonly #slices: Histogram<"outcome">;
  readonly #slicesInWork: Gauge;
  readonly #results: Counter<"status">;
  readonly #retries: Counter;

  constructor({ registry, tracer }: Telemetry) {
    const registers = [registry];
    this.#tracer = tracer;
    this.#calls = new Histogram({ name: "assay_endpoint_call_duration_seconds", help: "Attempts at endpoints by how they ended: ok, or the type of the error. Waiting is no part of it.", labelNames: ["outcome"], buckets: BUCKETS, registers });
    this.#callsInFlight = new Gauge({ name: "assay_endpoint_calls_in_flight", help: "Calls of endpoints in flight in this process.", registers });
    this.#callWaits = new Histogram({ name: "assay_endpoint_call_wait_seconds", help: "How long calls waited for their endpoint's limits and for this process.", buckets: BUCKETS, registers });
    this.#metrics = new Histogram({ name: "assay_metric_duration_seconds", help: "Judgements by kind of metric and verdict.", labelNames: ["kind", "status"], buckets: QUICK_BUCKETS, registers });
    this.#slices = new Histogram({ name: "assay_slice_duration_seconds", help: "Jobs of this worker by how they ended; a slice of a run's lane is one.", labelNames: ["outcome"], buckets: BUCKETS, registers });
    this.#slicesInWork = new Gauge({ name: "assay_slices_in_work", help: "Jobs that this worker works on now.", registers });
    this.#results = new Counter({ name: "assay_results_total", help: "Results that got their verdict by this worker.", labelNames: ["status"], registers });
    this.#retries = new Counter({ name: "assay_endpoint_retries_total", help: "Attempts at endpoints after the first.", registers });
  }

  /** A slice in a span; jobs are parts of no request. */
  slice(name: string, handler: JobHandler): JobHandler {
    return async (payload, job) => {
      const end = this.#slices.startTimer();
      this.#slicesInWork.inc();
      try {
        await this.#tracer.span(`slice ${name}`, { kind: "consumer", attributes: { "assay.job_id": job.id, ...idsOf(payload) } }, () => handler(payload, job));
        end({ outcome: "done" });
      } catch (error) {
        end({ outcome: "cut off" });
        throw error;
      } finally {
        this.#slicesInWork.dec();
      }
    };
  }

  /** The client with each attempt counted and in a span. */
  client(client: EndpointClient): EndpointClient {
    return {
      close: () => client.close(),
      call: (target, variables, options) => {
        const attributes = { "assay.endpoint_id": target.version.endpointId, "assay.run_id": variables.runId ?? "", "assay.result_id": variables.resultId ?? "", "assay.turn": variables.turn };
        return this.#tracer.span("endpoint call", { kind: "client", attributes }, async (span) => {
          this.#callsInFlight.inc();
          try {
            const outcome = await client.call(target, variables, options);
            const { httpStatus } = outcome.ok ? outcome : outcome.error;
            if (httpStatus !== null) span.set({ "http.response.status_code": httpStatus });
            if (!outcome.ok) span.fail(outcome.error.type);
            this.#calls.observe({ outcome: outcome.ok ? "ok" : outcome.error.type }, outcome.latencyMs / 1_000);
            return outcome;
          } finally {
            this.#callsInFlight.dec();
          }
        });
      },
    };
  }

  /** The scorer with each metric's judgement counted and in a span. */
  scorer(scorer: Scorer): Scorer {
    return {
      close: () => scorer.close(),
      score: (...args) => {
        const [{ definition }, input] = args;
        const attributes = { "assay.metric.kind": definition.kind, "assay.run_id": input.runId ?? "", "assay.result_id": input.resultId ?? "" };
        return this.#tracer.span("metric", { kind: "internal", attributes }, async (span) => {
          const verdict = await scorer.score(...args);
          this.#metrics.observe({ kind: definition.kind, status: verdict.status }, verdict.durationMs / 1_000);
          span.set({ "assay.metric.status": verdict.status });
          if (verdict.status === "ERROR") span.fail(verdict.error?.code ?? "ERROR");
          return verdict;
        });
      },
    };
  }

  /** A call began to wait for its limits; answers how to say that it may start. */
  callWaits(): () => void {
    return this.#callWaits.startTimer();
  }

  /** Outcomes were written. */
  recorded(outcomes: readonly Outcome[]): void {
    for (const { verdict, usage, attempts } of outcomes) {
      if (verdict !== null) this.#results.inc({ status: verdict.status });
      // An answer that was stored before its verdict comes twice; its calls are in the usage of the first time only.
      if (usage.endpointCalls !== undefined) this.#retries.inc(attempts.filter(({ number }) => number > 1).length);
    }
  }
}

function idsOf(payload: unknown): Record<string, string | number> {
  const { runId, lane } = (payload ?? {}) as { runId?: unknown; lane?: unknown }; // looked at before it is used
  return { ...(typeof runId === "string" ? { "assay.run_id": runId } : {}), ...(typeof lane === "number" ? { "assay.lane": lane } : {}) };
}
