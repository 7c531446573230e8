import type { ConversationPlan } from "../../test-sets/index.js";
import { ConversationStopReason, type RunUsage, type StoredTurn } from "../../runs/index.js";
import type { Speaker } from "./speaker.js";

/** How a conversation stands to its goal. */
export interface GoalCheck {
  /** The user has what it wants; nobody could get it here; neither. */
  readonly goal: "achieved" | "impossible" | "open";
  readonly reason: string;
}

/** A model that plays the user. Both throw SpeakerFault where the model gives nothing usable. */
export interface UserModel {
  /** The user's next message, the first one where there are no turns. */
  say(plan: ConversationPlan, turns: readonly StoredTurn[]): Promise<string>;
  check(plan: ConversationPlan, turns: readonly StoredTurn[]): Promise<GoalCheck>;
  readonly usage: RunUsage;
}

/**
 * Pursues the plan's goal: after each turn from minTurns on (the first, without one) the model checks whether it is
 * reached. The check comes before the bound, so that a goal that is reached in the last turn is reached.
 */
export function pursuitOf(plan: ConversationPlan, model: UserModel): Speaker {
  return {
    get usage() {
      return model.usage;
    },
    next: (turns) => model.say(plan, turns),
    stop: async (turns) => {
      if (turns.at(-1)?.error != null) return ConversationStopReason.ERROR;
      if (turns.length >= (plan.minTurns ?? 1)) {
        const { goal } = await model.check(plan, turns);
        if (goal === "achieved") return ConversationStopReason.GOAL_ACHIEVED;
        if (goal === "impossible") return ConversationStopReason.GOAL_IMPOSSIBLE;
      }
      return turns.length >= plan.maxTurns ? ConversationStopReason.MAX_TURNS : null;
    },
  };
}
