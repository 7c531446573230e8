import type { Model } from "../endpoints/index.js";
import { type ModelUsage, NO_USAGE } from "./model-usage.js";

/** What a process has found out about a model's server. */
export interface ModelMemory {
  /** How it can be asked for a form; null until it was. */
  mode: "schema" | "tool" | "text" | null;
  takesTemperature: boolean;
}

/** A model to ask, for libraries that take a `fetch` and for those that take a function. */
export interface ModelSession {
  readonly model: Model;
  /**
   * POSTs to the model's base URL and nowhere else, with its key, under its limits, with its retries and timeout.
   * Answers with a success; ModelCallFault for everything else: HTTP, NETWORK, TIMEOUT, RATE_LIMIT, BLOCKED_ADDRESS,
   * MALFORMED_ANSWER. Throws the signal's reason.
   */
  readonly fetch: typeof globalThis.fetch;
  /** POSTs JSON to a path below the base URL and answers the JSON; faults as `fetch`. */
  readonly post: (path: string, body: Readonly<Record<string, unknown>>) => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly memory: ModelMemory;
}

/** A remote metric to ask. */
export interface RemoteSession {
  /** Signs requests; null for none. */
  readonly secret: string | null;
  /** POSTs the body under the metric's limits and answers the body; `headers` is asked for each attempt, with its time. Faults as a model's. */
  readonly send: (url: string, body: string, headers: (at: Date) => Readonly<Record<string, string>>) => Promise<string>;
}

/** The way to models and remote metrics. */
export interface Callers {
  /** The model, deleted ones included. ScoringFault, INVALID_PARAMETERS when it is not there or its key cannot be read. */
  model(modelId: string): Promise<ModelSession>;
  /** The remote metric, deleted ones included. */
  remote(metricId: string): Promise<RemoteSession>;
  /** What all calls so far took, failed attempts included. */
  readonly usage: ModelUsage;
  /** For how long nothing was done but wait for limits and between attempts. */
  readonly waitedMs: number;
}

const noWay = (): never => {
  throw new Error("This scorer was made without a way to models and remote metrics.");
};

/** No way: for metrics that need none. */
export const NO_CALLS: Callers = { model: noWay, remote: noWay, usage: NO_USAGE, waitedMs: 0 };
