import type { CallVariables, EndpointClient } from "../endpoints/index.js";
import type { EarlierTries } from "../runs/index.js";
import type { ActiveRun } from "./active-run.js";
import type { CallGate } from "./call-gate.js";
import { callWithRetries, type LongWaits, type RetriedCall } from "./call-with-retries.js";
import type { EndpointHolds } from "./endpoint-holds.js";

/** What calls of a run's endpoint stand on. */
export interface AskDeps {
  readonly client: EndpointClient;
  readonly gate: CallGate;
  readonly holds: EndpointHolds;
  readonly now: () => Date;
  readonly random: () => number;
}

/** One thing to ask the endpoint. */
export interface Question {
  readonly variables: CallVariables;
  /** The same for every attempt, and when the question is asked again after a crash. */
  readonly idempotencyKey: string;
  /** Attempts of before, when the work was given up for a while; null where there were none. */
  readonly earlier: EarlierTries | null;
  /** Whether it may be given up for a while: what came of the work so far is lost but for the attempts. */
  readonly mayBeDeferred: boolean;
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

/** Asks the run's endpoint, as its limits allow, with retries; the answer's permit is the asker's to give back. Throws a signal's reason, or CallDeferred. */
export async function askEndpoint(deps: AskDeps, active: ActiveRun, question: Question, signals: AskSignals): Promise<RetriedCall> {
  let isSent = false;
  let leavePlace = (): void => undefined;
  const { endpointId } = active.run;
  const holds: LongWaits = {
    heldMs: () => deps.holds.heldMs(active.scope, endpointId),
    hold: (forMs) => deps.holds.hold(active.scope, endpointId, forMs),
    mayBeDeferred: question.mayBeDeferred,
  };
  const { limits } = await active.target();
  return callWithRetries(
    {
      now: deps.now,
      random: deps.random,
      holds,
      enter: async () => {
        const entry = await deps.gate.enter(active.scope, active.run.endpointId, async () => (await active.target()).limits, isSent ? signals.abort : signals.unsent, active.run.id);
        leavePlace = entry.leavePlace;
        return active.count(entry.leave);
      },
      attempt: async (signal) => {
        isSent = true;
        signals.begin();
        const live = await active.target();
        // The place is free for another call while the answer is being stored; the endpoint's permit is not.
        return deps.client.call(live, question.variables, { idempotencyKey: question.idempotencyKey, timeoutMs: live.limits.timeoutMs, signal }).finally(leavePlace);
      },
    },
    limits,
    signals.abort,
    question.earlier ?? undefined,
  );
}
