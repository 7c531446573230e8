import { randomBytes } from "node:crypto";
import { ResultErrorType, type RunUsage } from "../../runs/index.js";
import { type AnswerForm, type Callers, completeObject, completeText, ModelCallFault, type ModelSession, ScoringFault } from "../../scoring/index.js";
import type { GoalCheck, UserModel } from "./pursuit.js";
import { SpeakerFault } from "./speaker.js";
import { goalQuestion, userQuestion } from "./user-prompts.js";

const GOAL_FORM: AnswerForm = {
  name: "judge_goal",
  description: "Says how the conversation stands to the user's goal.",
  schema: {
    type: "object",
    properties: {
      reason: { type: "string", description: "Why, in one or two sentences." },
      goal: { type: "string", enum: ["achieved", "impossible", "open"], description: "achieved: the user has what it wants. impossible: it cannot be had in this conversation any more. open: neither." },
    },
    required: ["reason", "goal"],
    additionalProperties: false,
  },
};

/** The model of that id, playing the user of one conversation. */
export function simulatedUser(calls: Callers, modelId: string): UserModel {
  return {
    get usage() {
      return usageOf(calls);
    },
    say: (plan, turns) =>
      asked(calls, modelId, async (session) => {
        const text = (await completeText(session, { ...userQuestion(plan, turns, fenceWord()), temperature: 0 })).trim();
        if (text === "") throw new ScoringFault("NO_VERDICT", "It said nothing.", "INCONCLUSIVE");
        return text;
      }),
    check: (plan, turns) => asked(calls, modelId, async (session) => readCheck((await completeObject(session, { ...goalQuestion(plan, turns, fenceWord()), temperature: 0 }, GOAL_FORM)).fields)),
  };
}

/** Nobody whose text is quoted can know it. */
function fenceWord(): string {
  return randomBytes(9).toString("hex");
}

/** The fields as asked for; small models say true or false instead, under one of these names. */
function readCheck(fields: Readonly<Record<string, unknown>>): GoalCheck {
  const { goal, reason } = fields;
  const said = typeof goal === "string" ? goal.trim().toLowerCase() : [goal, fields["achieved"], fields["goal_achieved"], fields["passed"]].find((each) => typeof each === "boolean");
  const stand = said === true ? "achieved" : said === false ? "open" : said;
  if (stand !== "achieved" && stand !== "impossible" && stand !== "open") throw new ScoringFault("NO_VERDICT", "It did not say whether the goal is achieved, impossible or open.", "INCONCLUSIVE");
  return { goal: stand, reason: typeof reason === "string" ? reason : "" };
}

function usageOf({ usage }: Callers): RunUsage {
  if (usage.calls === 0) return {};
  return { judgeCalls: usage.calls, judgeInputTokens: usage.inputTokens ?? 0, judgeOutputTokens: usage.outputTokens ?? 0, ...(usage.cost === null ? {} : { judgeCost: usage.cost }) };
}

async function asked<T>(calls: Callers, modelId: string, ask: (session: ModelSession) => Promise<T>): Promise<T> {
  try {
    return await ask(await calls.model(modelId));
  } catch (error) {
    throw error instanceof ScoringFault ? toSpeakerFault(error) : error;
  }
}

/** The fault as that of a call; the message says that it was the model's. */
function toSpeakerFault(fault: ScoringFault): SpeakerFault {
  const httpStatus = fault instanceof ModelCallFault ? fault.httpStatus : null;
  const type = typeOf(fault.code);
  const retryable = type === "NETWORK" || type === "TIMEOUT" || type === "RATE_LIMIT" || type === "RESPONSE_MAPPING" || (httpStatus !== null && (httpStatus >= 500 || httpStatus === 408 || httpStatus === 425));
  return new SpeakerFault({ type, message: `The model that plays the user gave nothing to go on with. ${fault.message}`, httpStatus, retryable });
}

function typeOf(code: ScoringFault["code"]): ResultErrorType {
  switch (code) {
    case "HTTP":
    case "NETWORK":
    case "TIMEOUT":
    case "RATE_LIMIT":
    case "BLOCKED_ADDRESS":
    case "INTERNAL":
      return code;
    case "INVALID_PARAMETERS":
      return ResultErrorType.REQUEST_MAPPING;
    default:
      return ResultErrorType.RESPONSE_MAPPING;
  }
}
