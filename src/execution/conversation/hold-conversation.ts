import { resultId } from "../../ids.js";
import type { ModelCalls } from "../../scoring/index.js";
import type { ConversationPlan } from "../../test-sets/index.js";
import type { ActiveRun } from "../active-run.js";
import { type AskDeps, askEndpoint, type AskSignals } from "../ask-endpoint.js";
import { itemVariables } from "../item-variables.js";
import type { PlannedItem } from "../planned-item.js";
import { type Conversation, converse } from "./converse.js";
import { pursuitOf } from "./pursuit.js";
import { scriptOf } from "./script.js";
import { simulatedUser } from "./simulated-user.js";
import type { Speaker } from "./speaker.js";

/** What conversations stand on. */
export interface ConversationDeps extends AskDeps {
  /** The way to the model that plays the user. */
  readonly modelCalls: ModelCalls;
}

/** When a conversation ends early; `unsent` is for its first turn. */
export interface ConversationSignals extends AskSignals {
  /** The next turn is not sent any more. It aborts with `abort`, too. */
  readonly between: AbortSignal;
}

/** Holds the planned result's conversation with the run's endpoint. Each turn is a call like any other. Throws a signal's reason, or CallDeferred. */
export async function holdConversation(deps: ConversationDeps, active: ActiveRun, item: PlannedItem, plan: ConversationPlan, signals: ConversationSignals): Promise<Conversation> {
  const key = resultId(active.run.id, item.ordinal);
  const speaker = speakerOf(deps, active, plan, signals.between);
  return converse(
    speaker,
    async ({ message, messages, number, sessionId }) => {
      // What was said already would be lost: only the first turn waits elsewhere for an endpoint that wants to be left alone.
      const isFirst = number === 1;
      const variables = { ...itemVariables(active.run, item), input: message, messages, turn: number, sessionId };
      const { leave, ...call } = await askEndpoint(deps, active, { variables, idempotencyKey: `${key}-${number}`, earlier: isFirst ? item.tries : null, mayBeDeferred: isFirst }, { ...signals, unsent: isFirst ? signals.unsent : signals.between });
      leave();
      return call;
    },
    signals.between,
  );
}

/** A script is sent as it is, also one with a goal, which is then for metrics to judge. */
function speakerOf(deps: ConversationDeps, active: ActiveRun, plan: ConversationPlan, signal: AbortSignal): Speaker {
  if (plan.scriptedTurns.length > 0) return scriptOf(plan.scriptedTurns);
  const { id, userModelId } = active.run;
  if (userModelId === null) throw new Error(`The run ${id} pursues a goal and pins no model to play the user.`);
  return pursuitOf(plan, simulatedUser(deps.modelCalls.begin(active.scope, id, signal), userModelId));
}
