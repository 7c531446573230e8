import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import { JSONScalar } from "../graphql/index.js";
import { type Attempt, ConversationStopReason, type ResultError, ResultErrorType, type StoredTurn } from "./result.js";
import type { OutputSummary } from "./output.repository.js";

registerEnumType(ConversationStopReason, {
  name: "ConversationStopReason",
  description: "Why a conversation ended.",
  valuesConfig: {
    GOAL_ACHIEVED: { description: "The simulated user has what it wanted." },
    GOAL_IMPOSSIBLE: { description: "The simulated user gave up: the goal cannot be reached." },
    MAX_TURNS: { description: "It had as many turns as the test allows." },
    SCRIPT_DONE: { description: "Every scripted turn was sent." },
    ERROR: { description: "A turn failed for good." },
  },
});

registerEnumType(ResultErrorType, {
  name: "ResultErrorType",
  description: "Why a result has no verdict.",
  valuesConfig: {
    HTTP: { description: "The endpoint answered with a status that is no success." },
    NETWORK: { description: "The endpoint could not be reached, or the connection broke." },
    TIMEOUT: { description: "The endpoint took longer than its limit." },
    RESPONSE_MAPPING: { description: "The answer has nothing where the response mapping looks for the output, or is malformed." },
    REQUEST_MAPPING: { description: "The request could not be made from the test." },
    TOO_LARGE: { description: "The answer is larger than the gateway reads." },
    AUTH: { description: "The endpoint refused the credentials, or none could be had." },
    BLOCKED_ADDRESS: { description: "The endpoint is on an address that this gateway does not call." },
    RATE_LIMIT: { description: "The endpoint answered 429 to the last attempt." },
    METRIC: { description: "A metric that was needed gave no verdict." },
    NO_METRICS: { description: "No metric applies to the test, or all were skipped." },
    NO_OUTPUT: { description: "The result that was to be scored again has no output." },
    CANCELLED: { description: "The run was cancelled." },
    INTERNAL: { description: "A fault of the gateway itself; its log says more." },
  },
});

@ObjectType("ResultError", { description: "Why a call or a result gave nothing usable.", simpleResolvers: true })
export class ResultErrorObjectType implements ResultError {
  @Field(() => ResultErrorType, { description: "The cause." })
  type!: ResultErrorType;

  @Field(() => String, { description: "The cause in words, with the next step." })
  message!: string;

  @Field(() => Int, { nullable: true, description: "The status that the endpoint answered with; null where it did not come to that." })
  httpStatus!: number | null;

  @Field(() => Boolean, { description: "Whether the same call may succeed later." })
  retryable!: boolean;
}

@ObjectType("Attempt", { description: "One call of the endpoint for a result.", simpleResolvers: true })
export class AttemptType implements Attempt {
  @Field(() => Int, { description: "Which attempt of the result it was, from 1, over all turns of a conversation." })
  number!: number;

  @Field(() => Int, { nullable: true, description: "For conversations: the turn that it belongs to, from 1." })
  turn!: number | null;

  @Field(() => Date, { description: "When it began." })
  startedAt!: string;

  @Field(() => Float, { description: "How long it took, in milliseconds, without waiting." })
  latencyMs!: number;

  @Field(() => Int, { nullable: true, description: "The status of the answer; null without one." })
  httpStatus!: number | null;

  @Field(() => ResultErrorObjectType, { nullable: true, description: "What went wrong; null for the attempt that succeeded." })
  error!: ResultError | null;

  @Field(() => Float, { nullable: true, description: "How long the endpoint asked to wait before the next attempt, in milliseconds; null where it did not." })
  retryAfterMs!: number | null;
}

@ObjectType("ConversationTurn", { description: "One exchange of a conversation.", simpleResolvers: true })
export class ConversationTurnType implements StoredTurn {
  @Field(() => Int, { description: "Which turn it was, from 1." })
  number!: number;

  @Field(() => String, { description: "What the user said." })
  message!: string;

  @Field(() => String, { nullable: true, description: "What the endpoint answered; null where it failed." })
  response!: string | null;

  @Field(() => String, { nullable: true, description: "The endpoint's session, where it has some." })
  sessionId!: string | null;

  @Field(() => [String], { description: "Texts that the endpoint says its answer rests on." })
  context!: readonly string[];

  @Field(() => JSONScalar, { nullable: true, description: "The tools that the endpoint says it called." })
  toolCalls!: unknown;

  @Field(() => Float, { description: "How long the answer took, in milliseconds." })
  latencyMs!: number;

  @Field(() => ResultErrorObjectType, { nullable: true, description: "What went wrong; null where nothing did." })
  error!: ResultError | null;
}

@ObjectType("TestOutput", { description: "What an endpoint answered, mapped.", simpleResolvers: true })
export class TestOutputType implements Pick<OutputSummary, "preview" | "inputTokens" | "outputTokens" | "sessionId" | "context" | "metadata" | "toolCalls" | "stopReason"> {
  @Field(() => String, { description: "The first 300 characters of the output, for tables." })
  preview!: string;

  @Field(() => Int, { nullable: true, description: "Tokens that the endpoint says it read, of all turns; null where it does not say." })
  inputTokens!: number | null;

  @Field(() => Int, { nullable: true, description: "Tokens that the endpoint says it wrote, of all turns; null where it does not say." })
  outputTokens!: number | null;

  @Field(() => String, { nullable: true, description: "The endpoint's session; null where it has none." })
  sessionId!: string | null;

  @Field(() => [String], { description: "Texts that the endpoint says its answer rests on." })
  context!: readonly string[];

  @Field(() => JSONScalar, { nullable: true, description: "What the response mapping took as metadata." })
  metadata!: unknown;

  @Field(() => JSONScalar, { nullable: true, description: "The tools that the endpoint says it called." })
  toolCalls!: unknown;

  @Field(() => ConversationStopReason, { nullable: true, description: "Why the conversation ended; null for a single turn." })
  stopReason!: ConversationStopReason | null;
}
