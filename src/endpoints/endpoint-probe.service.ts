import type { Db } from "../db/index.js";
import { assertNotDeleted, type EntityRef, getByRef } from "../entity-ref.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import type { CallError, CallVariables, EndpointClient, MappedAnswer } from "./call.js";
import { endpointRefs } from "./endpoint.service.js";
import type { EndpointTargets } from "./endpoint-targets.js";
import { describeRequest } from "./request-description.js";

/** What one call of an endpoint gave. Nothing of it is stored, and nothing of it holds a secret. */
export interface EndpointProbe {
  readonly ok: boolean;
  readonly answer: MappedAnswer | null;
  readonly error: CallError | null;
  readonly latencyMs: number;
  /** Null when no request could be made. */
  readonly rawRequest: unknown;
  readonly rawResponse: unknown;
}

/** Tries an endpoint out. */
export class EndpointProbeService {
  readonly #db: Db;
  readonly #targets: EndpointTargets;
  readonly #client: EndpointClient;

  constructor(deps: { db: Db; targets: EndpointTargets; client: EndpointClient }) {
    this.#db = deps.db;
    this.#targets = deps.targets;
    this.#client = deps.client;
  }

  /** Calls the endpoint once, without retries, as a run's first turn would. NOT_FOUND; CONFLICT, AMBIGUOUS_NAME; FAILED_PRECONDITION, DELETED. */
  async probe(viewer: Viewer, args: { endpoint: EntityRef; input: string; parameters: Readonly<Record<string, unknown>> }, options: { requestId: string; signal: AbortSignal }): Promise<EndpointProbe> {
    requireRole(viewer, Role.EDITOR);
    const endpoint = assertNotDeleted("endpoint", await getByRef(endpointRefs(this.#db, viewer), args.endpoint));
    const target = await this.#targets.read(viewer, { endpointId: endpoint.id, versionId: endpoint.versionId });
    const variables = probeVariables(args.input, args.parameters);
    const idempotencyKey = `probe-${options.requestId}`;
    const outcome = await this.#client.call(target, variables, { idempotencyKey, timeoutMs: target.limits.timeoutMs, signal: options.signal });
    return {
      ok: outcome.ok,
      answer: outcome.ok ? outcome.answer : null,
      error: outcome.ok ? null : outcome.error,
      latencyMs: outcome.latencyMs,
      rawRequest: describeRequest(target, variables, idempotencyKey),
      rawResponse: outcome.ok ? outcome.answer.raw : outcome.raw,
    };
  }
}

/** A probe is no test: what only a test has is unknown. */
function probeVariables(input: string, params: Readonly<Record<string, unknown>>): CallVariables {
  const ofTest = { expectedResponse: null, context: [], metadata: {}, testId: null, testKey: null, runId: null, resultId: null, languageCode: null };
  return { ...ofTest, input, params, sessionId: null, messages: [{ role: "user", content: input }], turn: 1, trial: 1 };
}
