import { createLogger } from "../../src/log.js";
import { createOutbound } from "../../src/address-guard.js";
import { type CallOptions, type CallOutcome, type CallTarget, type CallVariables, type Credentials, DEFAULT_LIMITS, type EndpointVersion, NO_CREDENTIALS, OutboundEndpointClient } from "../../src/endpoints/index.js";

/** A client as the worker has it, with lines of its log. */
export function createClient(options: { allowPrivate?: boolean; now?: () => Date } = {}): OutboundEndpointClient {
  return new OutboundEndpointClient({ outbound: createOutbound({ allowPrivate: options.allowPrivate ?? true }), now: options.now ?? (() => new Date()), log: createLogger({ level: "silent", service: "test" }) });
}

export function targetOf(version: Partial<EndpointVersion> & { url: string }, credentials: Partial<Credentials> = {}): CallTarget {
  return {
    version: {
      organizationId: "o",
      id: "v",
      endpointId: "e",
      versionHash: "h",
      connectionType: "REST",
      method: "POST",
      requestHeaders: {},
      queryParams: {},
      requestMapping: null,
      responseMapping: version.connectionType === "OPENAI_CHAT" ? { output: "$.choices[0].message.content", input_tokens: "$.usage.prompt_tokens", output_tokens: "$.usage.completion_tokens" } : { output: "$.output" },
      auth: { type: "NONE" },
      createdAt: new Date(),
      ...version,
    },
    credentials: { ...NO_CREDENTIALS, ...credentials },
    limits: DEFAULT_LIMITS,
  };
}

export function variablesOf(given: Partial<CallVariables> = {}): CallVariables {
  const input = given.input ?? "hello";
  return {
    input,
    expectedResponse: null,
    context: [],
    metadata: {},
    params: {},
    sessionId: null,
    messages: [{ role: "user", content: input }],
    turn: 1,
    testId: "test-id",
    testKey: null,
    runId: "run-id",
    resultId: "result-id",
    trial: 1,
    languageCode: null,
    ...given,
  };
}

export function optionsOf(given: Partial<CallOptions> = {}): CallOptions {
  return { idempotencyKey: "key-1", timeoutMs: 5000, signal: new AbortController().signal, ...given };
}

/** The answer of a call that must succeed. */
export function answered(outcome: CallOutcome): Extract<CallOutcome, { ok: true }>["answer"] {
  if (!outcome.ok) throw new Error(`The call failed: ${JSON.stringify(outcome.error)}`);
  return outcome.answer;
}

/** A call that must fail. */
export function failed(outcome: CallOutcome): Extract<CallOutcome, { ok: false }> {
  if (outcome.ok) throw new Error(`The call succeeded: ${JSON.stringify(outcome.answer)}`);
  return outcome;
}
