import type { Outbound } from "../address-guard.js";
import { type EndpointLimits, type ExchangeOutcome, exchangeOnce, type HttpRequest, type Model, type ModelTarget } from "../endpoints/index.js";
import { DomainError } from "../errors.js";
import type { RemoteMetricTarget } from "../metrics/index.js";
import type { Scope } from "../viewer.js";
import type { CallRunner } from "./call-runner.js";
import type { Callers, ModelMemory, ModelSession, RemoteSession } from "./callers.js";
import { bodyOf, ModelCallFault } from "./model-call-fault.js";
import { addUsage, type ModelUsage, NO_USAGE, usageOfAnswer } from "./model-usage.js";
import { ScoringFault } from "./score.js";
import { WaitClock } from "./wait-clock.js";

export interface ModelCallsDeps {
  readonly outbound: Pick<Outbound, "dispatcher">;
  readonly models: { read(scope: Scope, modelId: string): Promise<ModelTarget> };
  readonly remoteMetrics: { read(scope: Scope, metricId: string): Promise<RemoteMetricTarget> };
  readonly runner: CallRunner;
  readonly now: () => Date;
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
    const base = baseOf(model);
    const send = (path: string, body: string): Promise<string> => this.#callModel(modelId, path, body);
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

  /** Address and key are read together, so that no server gets the key of another when both are changed. */
  async #callModel(modelId: string, path: string, body: string): Promise<string> {
    const outcome = await this.#run(modelId, async () => (await this.#live.model(modelId)).model.limits, async (limits, signal) => {
      const { model, apiKey } = await this.#live.model(modelId);
      const headers = { "content-type": "application/json", accept: "application/json", ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }) };
      const answered = await exchangeOnce(this.#deps.outbound, { url: new URL(`${baseOf(model)}${path}`), method: "POST", headers, body }, { what: `The model "${model.name}"`, secrets: apiKey === null ? [] : [apiKey], timeoutMs: limits.timeoutMs, signal, now: this.#deps.now });
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

/** A model's base URL without slashes at its end. */
function baseOf(model: Model): string {
  return model.baseUrl.replace(/\/+$/, "");
}

function parseJson(body: string, name: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ModelCallFault("MALFORMED_ANSWER", `The model "${name}" answered with something that is not JSON.`, null);
  }
}
