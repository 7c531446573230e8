import type { CallVariables, EndpointClient } from "../endpoints/index.js";
import type { ActiveRun } from "./active-run.js";
import type { CallGate } from "./call-gate.js";
import { callWithRetries, type RetriedCall } from "./call-with-retries.js";

/** What calls of a run's endpoint stand on. */
export interface AskDeps {
  readonly client: EndpointClient;
  readonly gate: CallGate;
  readonly now: () => Date;
  readonly random: () => number;
}

/** One thing to ask the endpoint. */
export interface Question {
  readonly variables: CallVariables;
  /** The same for every attempt, and when the question is asked again after a crash. */
  readonly idempotencyKey: string;
}

/** When a question's calls end early. */
export interface AskSignals {
  /** Ends everything at once. */
  readonly abort: AbortSignal;
  /** The question is not asked any more unless its first attempt was sent. It aborts with `abort`, too. */
  readonly unsent: AbortSignal;
  /** Told at every attempt, past the gate. */
  readonly begin: () => void;
}

/** Asks the run's endpoint, as its limits allow, with retries. Throws only a signal's reason. */
export async function askEndpoint(deps: AskDeps, active: ActiveRun, question: Question, signals: AskSignals): Promise<RetriedCall> {
  let isSent = false;
  const { limits } = await active.target();
  return callWithRetries(
    {
      now: deps.now,
      random: deps.random,
      enter: async () => deps.gate.enter(active.scope, active.run.endpointId, (await active.target()).limits, isSent ? signals.abort : signals.unsent, active.run.id),
      attempt: async (signal) => {
        isSent = true;
        signals.begin();
        const live = await active.target();
        return deps.client.call(live, question.variables, { idempotencyKey: question.idempotencyKey, timeoutMs: live.limits.timeoutMs, signal });
      },
    },
    limits,
    signals.abort,
  );
}
