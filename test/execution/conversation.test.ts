import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallOutcome, MappedAnswer } from "../../src/endpoints/index.js";
import { toReply } from "../../src/execution/conversation/conversation-reply.js";
import { type Conversation, ConversationLeft, converse, type TurnCall, type TurnQuestion } from "../../src/execution/conversation/converse.js";
import { type GoalCheck, pursuitOf, type UserModel } from "../../src/execution/conversation/pursuit.js";
import { scriptOf } from "../../src/execution/conversation/script.js";

const PLAN = { goal: "g", instructions: null, restrictions: null, scenario: null, minTurns: null, maxTurns: 10, scriptedTurns: [] };
const NEVER = new AbortController().signal;

function answered(output: string, more: Partial<MappedAnswer> = {}): TurnCall {
  const answer: MappedAnswer = { output, sessionId: null, context: [], metadata: null, toolCalls: null, inputTokens: null, outputTokens: null, raw: output, ...more };
  return called({ ok: true, answer, httpStatus: 200, latencyMs: 2 });
}

const FAILED = called({ ok: false, error: { type: "HTTP", message: "no", httpStatus: 500, retryable: true }, latencyMs: 1, retryAfterMs: null, raw: null });

function called(outcome: CallOutcome): TurnCall {
  return { outcome, attempts: [{ number: 1, turn: null, startedAt: "2026-11-21T00:00:00.000Z", latencyMs: outcome.latencyMs, httpStatus: null, error: outcome.ok ? null : outcome.error, retryAfterMs: null }] };
}

/** A user whose goal stands as the list says after each turn, else open. */
function userWhose(goals: readonly GoalCheck["goal"][], checks: number[] = []): UserModel {
  return {
    usage: {},
    say: async (_plan, turns) => `m${turns.length + 1}`,
    check: async (_plan, turns) => {
      checks.push(turns.length);
      return { goal: goals[turns.length - 1] ?? "open", reason: "" };
    },
  };
}

describe("a conversation", () => {
  it("of any plan ends where the rules say, for any course of the goal", async () => {
    const plans = fc.integer({ min: 1, max: 8 }).chain((maxTurns) => fc.record({ maxTurns: fc.constant(maxTurns), minTurns: fc.option(fc.integer({ min: 1, max: maxTurns })) }));
    const goals = fc.array(fc.constantFrom<GoalCheck["goal"]>("achieved", "impossible", "open"), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(plans, goals, fc.option(fc.integer({ min: 1, max: 8 })), async (turns, course, brokenTurn) => {
        const checks: number[] = [];
        const questions: TurnQuestion[] = [];
        const conversation = await converse(
          pursuitOf({ ...PLAN, ...turns }, userWhose(course, checks)),
          async (question) => {
            questions.push(question);
            return question.number === brokenTurn ? FAILED : answered(`r${question.number}`);
          },
          NEVER,
        );
        // The rules, said another way: the first turn from the floor on at which something ends it.
        const floor = turns.minTurns ?? 1;
        const decided = Array.from({ length: turns.maxTurns }, (_, index) => index + 1).find((turn) => turn === brokenTurn || (turn >= floor && ["achieved", "impossible"].includes(course[turn - 1] ?? "open"))) ?? turns.maxTurns;
        const expected = decided === brokenTurn ? "ERROR" : decided >= floor && course[decided - 1] === "achieved" ? "GOAL_ACHIEVED" : decided >= floor && course[decided - 1] === "impossible" ? "GOAL_IMPOSSIBLE" : "MAX_TURNS";
        expect([conversation.exchanges.length, conversation.stopReason]).toEqual([decided, expected]);
        expect(checks).toEqual(Array.from({ length: decided }, (_, index) => index + 1).filter((turn) => turn >= floor && turn !== brokenTurn));
        // The history alternates, and the present message is last.
        for (const { number, messages, message } of questions) {
          expect(messages.map((each) => each.role)).toEqual(Array.from({ length: 2 * number - 1 }, (_, index) => (index % 2 === 0 ? "user" : "assistant")));
          expect(messages.at(-1)).toEqual({ role: "user", content: message });
        }
      }),
    );
  });

  it("goes on with the session that was named last, also where an answer names none", async () => {
    const sessions: (string | null)[] = [];
    const named = ["s1", null, "s2", null];
    const { exchanges } = await converse(
      scriptOf(["a", "b", "c", "d"]),
      async ({ number, sessionId }) => {
        sessions.push(sessionId);
        return answered("r", { sessionId: named[number - 1] ?? null });
      },
      NEVER,
    );
    expect(sessions).toEqual([null, "s1", "s1", "s2"]);
    expect(exchanges.map(({ turn }) => turn.sessionId)).toEqual(["s1", "s1", "s2", "s2"]);
  });

  it("ends TOO_LARGE when its answers together are more than one may be", async () => {
    const { stopReason, error, exchanges } = await converse(scriptOf(["a", "b", "c"]), async () => answered("x".repeat(6 * 1024 * 1024)), NEVER);
    expect([stopReason, error?.type, exchanges.length]).toEqual(["ERROR", "TOO_LARGE", 2]);
  });

  it("sends nothing more once it is told to end", async () => {
    const controller = new AbortController();
    const sent: number[] = [];
    const held = converse(
      scriptOf(["a", "b"]),
      async ({ number }) => {
        sent.push(number);
        controller.abort(new Error("paused"));
        return answered("r");
      },
      controller.signal,
    );
    const left: unknown = await held.catch((error: unknown) => error);
    expect(left).toBeInstanceOf(ConversationLeft);
    expect((left as ConversationLeft).soFar.exchanges).toHaveLength(1);
    expect(sent).toEqual([1]);
  });
});

describe("what is stored of a conversation", () => {
  const conversation = (calls: readonly TurnCall[]): Promise<Conversation> => converse(scriptOf(calls.map((_, index) => `m${index + 1}`)), async ({ number }) => calls[number - 1] ?? FAILED, NEVER);

  it("has sums, the last response, each context once, and all tool calls", async () => {
    const { stored, answer, error } = toReply(
      await conversation([
        answered("one", { context: ["a", "b"], toolCalls: [{ name: "x" }], inputTokens: 1, outputTokens: 2, metadata: { m: 1 } }),
        answered("two", { context: ["b", "c"], toolCalls: { name: "y" }, inputTokens: 10 }),
      ]),
    );
    expect(error).toBeNull();
    expect(answer).toMatchObject({ output: "two", context: ["a", "b", "c"], toolCalls: [{ name: "x" }, { name: "y" }], latencyMs: 4, stopReason: "SCRIPT_DONE" });
    expect(stored).toMatchObject({ latencyMs: 4, usage: { endpointCalls: 2, endpointInputTokens: 11, endpointOutputTokens: 2 }, output: { output: "two", inputTokens: 11, outputTokens: 2, raw: '["one","two"]', stopReason: "SCRIPT_DONE" } });
  });

  it("leaves out raw answers that would make it too large, and keeps what PostgreSQL cannot hold as U+FFFD", async () => {
    const { stored } = toReply(await conversation([answered("small"), answered("nul \u0000", { raw: "x".repeat(11 * 1024 * 1024) }), answered("end")]));
    expect(stored.output?.raw).toBe('["small",null,"end"]');
    expect(stored.output?.turns).toContain("nul \uFFFD");
  });

  it("is no output where the first turn failed", async () => {
    const { stored, answer, error } = toReply(await conversation([FAILED]));
    expect([stored.output, stored.latencyMs, answer, error?.type]).toEqual([null, null, null, "HTTP"]);
  });
});
