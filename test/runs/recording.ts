import type { Db } from "../../src/db/index.js";
import { PgEventBus } from "../../src/events/index.js";
import type { Outcome, TestRun } from "../../src/runs/index.js";
import type { Owner, SeededRun } from "../support/seed.js";

/** Publishes; nobody listens here. */
export const bus = new PgEventBus({ url: "postgres://unused", applicationName: "unused" });
export const NOW = new Date("2026-11-20T12:00:00.000Z");

/** Outcomes of a seeded run. */
export function outcomesOf(run: SeededRun) {
  const base = (ordinal: number): Omit<Outcome, "verdict" | "output" | "outputRunId" | "usage"> => {
    const test = run.testSet.tests[Math.floor((ordinal - 1) / run.trials)];
    if (test === undefined) throw new Error(`The run has no result ${ordinal}.`);
    return { ordinal, testId: test.id, testRevisionId: test.revisionId, attempts: [], latencyMs: 5, startedAt: NOW };
  };
  const output = (text: string) => ({ output: text, inputTokens: null, outputTokens: null, sessionId: null, stopReason: null });
  const judged = (status: "PASSED" | "FAILED" | "ERROR", mark: string): Outcome["verdict"] => ({
    status,
    error: status === "ERROR" ? { type: "METRIC", message: mark, httpStatus: null, retryable: true } : null,
    metricResults: [{ metricIndex: 0, status: "PASSED", automatedStatus: "PASSED", score: 1, category: null, threshold: null, reason: mark, errorCode: null, errorMessage: null, durationMs: 1, inputTokens: null, outputTokens: null, cost: null }],
    finishedAt: NOW,
  });
  return {
    /** Answered, to be judged later. */
    answered: (ordinal: number, mark: string): Outcome => ({ ...base(ordinal), output: output(mark), outputRunId: run.id, verdict: null, usage: { endpointCalls: 1 } }),
    /** The verdict on an answer that is stored already. */
    judgedLater: (ordinal: number, status: "PASSED" | "FAILED" | "ERROR", mark: string): Outcome => ({ ...base(ordinal), output: null, outputRunId: run.id, verdict: judged(status, mark), usage: { judgeCalls: 1 } }),
    /** Answer and verdict at once. */
    judged: (ordinal: number, status: "PASSED" | "FAILED" | "ERROR", mark: string): Outcome => ({ ...base(ordinal), output: output(mark), outputRunId: run.id, verdict: judged(status, mark), usage: { endpointCalls: 1 } }),
    /** The call ended in an error. */
    failed: (ordinal: number, mark: string): Outcome => ({
      ...base(ordinal),
      output: null,
      outputRunId: null,
      verdict: { status: "ERROR", error: { type: "TIMEOUT", message: mark, httpStatus: null, retryable: true }, metricResults: [], finishedAt: NOW },
      usage: { endpointCalls: 1 },
    }),
  };
}

/** Everything stored of a run. */
export async function storedOf(db: Db, owner: Owner, runId: string) {
  const run = (await db.selectFrom("testRuns").selectAll().where("organizationId", "=", owner.organizationId).where("id", "=", runId).executeTakeFirstOrThrow()) satisfies TestRun;
  const results = await db.selectFrom("testResults").selectAll().where("organizationId", "=", owner.organizationId).where("runId", "=", runId).orderBy("ordinal").execute();
  const outputs = await db.selectFrom("testOutputs").select(["ordinal", "output"]).where("organizationId", "=", owner.organizationId).where("runId", "=", runId).orderBy("ordinal").execute();
  const metrics = await db.selectFrom("metricResults").select(["ordinal", "reason"]).where("organizationId", "=", owner.organizationId).where("runId", "=", runId).orderBy("ordinal").execute();
  const lanes = await db.selectFrom("runLanes").selectAll().where("organizationId", "=", owner.organizationId).where("runId", "=", runId).orderBy("lane").execute();
  return { run, results, outputs, metrics, lanes };
}
