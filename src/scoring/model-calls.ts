import type { Outbound } from "../address-guard.js";
import { type CallError, type EndpointLimits, type ExchangeOutcome, exchangeOnce, type HttpRequest, type Model, type ModelTarget } from "../endpoints/index.js";
import { DomainError } from "../errors.js";
import type { MetricErrorCode, RemoteMetricTarget } from "../metrics/index.js";
import type { Scope } from "../viewer.js";
import { addUsage, type ModelUsage, usageOfAnswer } from "./model-usage.js";
import { ScoringFault } from "./score.js";
import { WaitClock } from "./wait-clock.js";

/** A call under limits: attempts are let in and repeated by whoever runs it. */
export interface LimitedCall<O> {
  readonly scope: Scope;
  /** Whose call it is, a run: calls take turns over the parties. */
  readonly party: string;
  /** What is called: limits hold over all calls of one id, in all workers. */
  readonly id: string;
  /**
   * What it is for, such as a result's metric, when that may be given up for a while and begun again; null when it may
   * not. Attempts under one name are counted together.
   */
  readonly work: string | null;
  /** The limits of now; read again before each attempt. */
  readonly limits: () => Promise<EndpointLimits>;
  readonly attempt: (signal: AbortSignal) => Promise<O>;
}

/** Why work was given up for now: whoever is called wants to be left alone for long. It is to be begun again later. */
export class WorkDeferred extends Error {
  constructor(readonly forMs: number) {
    super(`The call waits for ${Math.ceil(forMs / 1_000)} s.`);
    this.name = "WorkDeferred";
  }
}

/** Runs calls under their limits over all workers, with the retries that endpoints have. Throws the signal's reason, or WorkDeferred. */
export interface CallRunner {
  run<O extends ExchangeOutcome>(call: LimitedCall<O>, signal: AbortSignal): Promise<O>;
}

export interface ModelCallsDeps {
  readonly outbound: Pick<Outbound, "dispatcher">;
  readonly models: { read(scope: Scope, modelId: string): Promise<ModelTarget> };
  readonly remoteMetrics: { read(scope: Scope, metricId: string): Promise<RemoteMetricTarget> };
  readonly runner: CallRunner;
  readonly now: () => Date;
}

/** A model, a metric or its host gave no usable answer. */
export class ModelCallFault extends ScoringFault {
  constructor(
    code: MetricErrorCode,
    message: string,
    readonly httpStatus: number | null,
  ) {
    super(code, message);
    this.name = "ModelCallFault";
  }
}

/** How long limits and keys are used before they are read again: they are live. */
const TARGET_MS = 2_000;
/** Kept targets beyond this number are dropped together: there are few models. */
const MAX_KEPT = 1_000;

/** The only way from scoring to models and remote metrics. One serves a whole process. */
export class ModelCalls {
  readonly #deps: ModelCallsDeps;
  readonly #kept = new Map<string, { readonly promise: Promise<ModelTarget | RemoteMetricTarget>; readonly readAt: number }>();
  readonly #memories = new Map<string, ModelMemory>();

  constructor(deps: ModelCallsDeps) {
    this.#deps = deps;
  }

  /**
   * The calls of one judgement, or of one conversation: they end with the signal, and what they take is summed up.
   * `work` names a judgement that may be given up for a while: its calls may then throw WorkDeferred.
   */
  begin(scope: Scope, party: string, signal: AbortSignal, work: string | null = null): JudgementCalls {
    const kept = <T extends ModelTarget | RemoteMetricTarget>(id: string, read: () => Promise<T>): Promise<T> => this.#keep(`${scope.organizationId} ${id}`, read) as Promise<T>; // an id is either a model's or a metric's
    return new JudgementCalls(this.#deps, { scope, party, signal, work }, {
      model: (id) => kept(id, () => this.#deps.models.read(scope, id)),
      remote: (id) => kept(id, () => this.#deps.remoteMetrics.read(scope, id)),
      memory: (model) => this.#memoryOf(model),
    });
  }

  /** A model that is moved to another server or exchanged starts anew. */
  #memoryOf({ organizationId, id, baseUrl, model }: Model): ModelMemory {
    const key = JSON.stringify([organizationId, id, baseUrl, model]);
    const memory = this.#memories.get(key) ?? { mode: null, takesTemperature: true };
    if (this.#memories.size >= MAX_KEPT) this.#memories.clear();
    this.#memories.set(key, memory);
    return memory;
  }

  #keep(key: string, read: () => Promise<ModelTarget | RemoteMetricTarget>): Promise<ModelTarget | RemoteMetricTarget> {
    const found = this.#kept.get(key);
    if (found !== undefined && Date.now() - found.readAt <= TARGET_MS) return found.promise;
    const promise = read();
    promise.catch(() => this.#kept.delete(key)); // whoever waits gets the error; the next call reads again
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, { promise, readAt: Date.now() });
    return promise;
  }
}

interface Circumstances {
  readonly scope: Scope;
  readonly party: string;
  readonly signal: AbortSignal;
  readonly work: string | null;
}

interface LiveTargets {
  readonly memory: (model: Model) => ModelMemory;
  readonly model: (id: string) => Promise<ModelTarget>;
  readonly remote: (id: string) => Promise<RemoteMetricTarget>;
}

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

const NO_USAGE: ModelUsage = { calls: 0, inputTokens: null, outputTokens: null, cost: null };

const noWay = (): never => {
  throw new Error("This scorer was made without a way to models and remote metrics.");
};

/** No way: for metrics that need none. */
export const NO_CALLS: Callers = { model: noWay, remote: noWay, usage: NO_USAGE, waitedMs: 0 };

/** The calls of one judgement and what they took. */
export class JudgementCalls implements Callers {
  readonly #deps: ModelCallsDeps;
  readonly #circumstances: Circumstances;
  readonly #live: LiveTargets;
  readonly #clock = new WaitClock();
  #usage: ModelUsage = NO_USAGE;

  constructor(deps: ModelCallsDeps, circumstances: Circumstances, live: LiveTargets) {
    this.#deps = deps;
    this.#circumstances = circumstances;
    this.#live = live;
  }

  get usage(): ModelUsage {
    return this.#usage;
  }

  get waitedMs(): number {
    return this.#clock.waitedMs;
  }

  async model(modelId: string): Promise<ModelSession> {
    const { model } = await readable(this.#live.model(modelId));
    const base = model.baseUrl.replace(/\/+$/, "");
    const send = (path: string, body: string): Promise<string> => this.#callModel(modelId, new URL(`${base}${path}`), body);
    return {
      model,
      signal: this.#circumstances.signal,
      memory: this.#live.memory(model),
      post: async (path, body) => parseJson(await send(path, JSON.stringify(body)), model.name),
      fetch: async (input, init) => {
        const url = input instanceof Request ? input.url : String(input);
        // A library that has an address of its own in mind must not get there.
        if (!url.startsWith(`${base}/`) || typeof init?.body !== "string") throw new Error("Only texts are posted, and only to the model's own base URL.");
        return new Response(await send(url.slice(base.length), init.body), { headers: { "content-type": "application/json" } });
      },
    };
  }

  async remote(metricId: string): Promise<RemoteSession> {
    const { secret } = await readable(this.#live.remote(metricId));
    return {
      secret,
      send: async (url, body, headers) => {
        const outcome = await this.#run(metricId, async () => (await this.#live.remote(metricId)).limits, async (limits, signal) => {
          const request: HttpRequest = { url: new URL(url), method: "POST", headers: { "content-type": "application/json", ...headers(this.#deps.now()) }, body };
          return exchangeOnce(this.#deps.outbound, request, { what: "The remote metric", secrets: secret === null ? [] : [secret], timeoutMs: limits.timeoutMs, signal, now: this.#deps.now });
        });
        return bodyOf(outcome);
      },
    };
  }

  async #callModel(modelId: string, url: URL, body: string): Promise<string> {
    const outcome = await this.#run(modelId, async () => (await this.#live.model(modelId)).model.limits, async (limits, signal) => {
      const { model, apiKey } = await this.#live.model(modelId);
      const headers = { "content-type": "application/json", accept: "application/json", ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }) };
      const answered = await exchangeOnce(this.#deps.outbound, { url, method: "POST", headers, body }, { what: `The model "${model.name}"`, secrets: apiKey === null ? [] : [apiKey], timeoutMs: limits.timeoutMs, signal, now: this.#deps.now });
      this.#usage = addUsage(this.#usage, answered.ok ? usageOfAnswer(model, answered.answer.body) : { calls: 1, inputTokens: null, outputTokens: null, cost: null });
      return answered;
    });
    return bodyOf(outcome);
  }

  #run(id: string, limits: () => Promise<EndpointLimits>, attempt: (limits: EndpointLimits, signal: AbortSignal) => Promise<ExchangeOutcome>): Promise<ExchangeOutcome> {
    const { scope, party, signal, work } = this.#circumstances;
    return this.#clock.call(() => this.#deps.runner.run({ scope, party, id, work, limits, attempt: async (each) => this.#clock.attempt(async () => attempt(await limits(), each)) }, signal));
  }
}

/** A model that is gone or whose key cannot be read is what the metric's parameters are wrong about; other errors are not of the metric. */
async function readable<T>(target: Promise<T>): Promise<T> {
  try {
    return await target;
  } catch (error) {
    throw error instanceof DomainError ? new ScoringFault("INVALID_PARAMETERS", error.message) : error;
  }
}

function bodyOf(outcome: ExchangeOutcome): string {
  if (outcome.ok) return outcome.answer.body;
  throw new ModelCallFault(codeOf(outcome.error), outcome.error.message, outcome.error.httpStatus);
}

function codeOf({ type }: CallError): MetricErrorCode {
  switch (type) {
    case "HTTP":
    case "AUTH":
      return "HTTP";
    case "NETWORK":
    case "TIMEOUT":
    case "RATE_LIMIT":
    case "BLOCKED_ADDRESS":
    case "INTERNAL":
      return type;
    case "TOO_LARGE":
    case "RESPONSE_MAPPING":
      return "MALFORMED_ANSWER";
    case "REQUEST_MAPPING":
      return "INVALID_PARAMETERS";
    default:
      return type satisfies never;
  }
}

function parseJson(body: string, name: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ModelCallFault("MALFORMED_ANSWER", `The model "${name}" answered with something that is not JSON.`, null);
  }
}
