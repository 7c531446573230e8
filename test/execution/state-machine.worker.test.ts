import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CallOptions, CallOutcome, CallTarget, CallVariables, EndpointClient } from "../../src/endpoints/index.js";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun } from "../support/execution.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";
import { expectComplete, expectConsistent } from "./run-invariants.js";

/** More by the environment: SEQUENCES=200. A failure prints the seed and the shortest sequence that still fails. */
const SEQUENCES = Number(process.env["SEQUENCES"] ?? "6");
const LIMIT = 3;
const TERMINAL = ["COMPLETED", "PARTIAL", "FAILED", "CANCELLED"];

type Ending = "right" | "wrong" | "busy" | "broken";
type Step =
  | { readonly do: "execute"; readonly tests: number; readonly sequential: boolean }
  | { readonly do: "answer"; readonly calls: number; readonly ending: Ending }
  | { readonly do: "pauseTestRun" | "resumeTestRun" | "cancelTestRun" | "retryTestRun"; readonly run: number }
  | { readonly do: "kill" | "lose session" | "lose connections" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("execute" as const), tests: fc.integer({ min: 1, max: 7 }), sequential: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("answer" as const), calls: fc.integer({ min: 1, max: 4 }), ending: fc.constantFrom<Ending>("right", "right", "wrong", "busy", "broken") }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("pauseTestRun" as const, "resumeTestRun" as const, "cancelTestRun" as const, "retryTestRun" as const), run: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "lose session" as const, "lose connections" as const) }) },
);

/** An endpoint whose calls end when the test says so, and as it says. */
class SimulatedEndpoint implements EndpointClient {
  readonly pending = new Map<(outcome: CallOutcome) => void, string>();
  most = 0;

  call(_target: CallTarget, variables: CallVariables, { signal }: CallOptions): Promise<CallOutcome> {
    return new Promise((resolve, reject) => {
      const end = (outcome: CallOutcome): void => {
        signal.removeEventListener("abort", abort);
        resolve(outcome);
      };
      const abort = (): void => {
        this.pending.delete(end);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.pending.set(end, variables.runId ?? "");
      this.most = Math.max(this.most, this.pending.size);
    });
  }

  /** Ends so many calls, the oldest first. */
  answer(calls: number, ending: Ending): void {
    for (const end of [...this.pending.keys()].slice(0, calls)) {
      this.pending.delete(end);
      end(outcomeOf(ending));
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function outcomeOf(ending: Ending): CallOutcome {
  if (ending === "busy" || ending === "broken") {
    const httpStatus = ending === "busy" ? 503 : 400;
    return { ok: false, error: { type: "HTTP", message: `It answered ${httpStatus}.`, httpStatus, retryable: ending === "busy" }, latencyMs: 5, retryAfterMs: null, raw: null };
  }
  const output = ending === "right" ? "echo" : "something else";
  return { ok: true, answer: { output, sessionId: null, context: [], metadata: null, toolCalls: null, inputTokens: 1, outputTokens: 1, raw: null }, httpStatus: 200, latencyMs: 5 };
}

let app: TestApp;
/** Ends others' connections, but never its own. */
let killer: pg.Client;
beforeAll(async () => {
  app = await createTestApp();
  killer = new pg.Client({ connectionString: app.database.url, application_name: "killer" });
  await killer.connect();
});
afterAll(async () => {
  await killer.end();
  await app.close();
});

/** One sequence: its runs, its worker and what its people do. */
class World {
  readonly endpoint = new SimulatedEndpoint();
  readonly runs: string[] = [];
  readonly #ended = new Map<string, string>();
  readonly #retried = new Set<string>();
  #clock = Date.parse("2030-01-01T00:00:00Z");
  #worker: Worker | null = null;
  #target: { id: string } | null = null;

  async open(): Promise<void> {
    this.#target = await givenEndpointAt(app, "http://127.0.0.1:9/simulated", { maxConcurrency: LIMIT, maxAttempts: 2 });
    this.#worker = await this.#startWorker();
  }

  #startWorker(): Promise<Worker> {
    return startTestWorker(app, { client: this.endpoint, now: () => new Date((this.#clock += 1_000)) });
  }

  async close(): Promise<void> {
    await this.#worker?.stop(0);
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case "execute":
        if (this.runs.length < 3) this.runs.push(await execute(app, await givenTests(app, { tests: step.tests }), this.#target!, { mode: step.sequential ? "SEQUENTIAL" : "PARALLEL" }));
        break;
      case "answer":
        await this.#answer(step.calls, step.ending);
        break;
      case "kill":
        // No grace: what is in flight is cut off, and nothing more is written.
        await this.#worker?.stop(0);
        this.#worker = await this.#startWorker();
        break;
      case "lose session":
        await this.#terminate("application_name = 'assay-worker-session'");
        break;
      case "lose connections":
        await this.#terminate("application_name = 'assay-test'");
        break;
      default:
        await this.#control(step.do, this.runs[step.run]);
    }
    await this.check();
  }

  async #terminate(which: string): Promise<void> {
    const { rows } = await killer.query<{ pid: number }>(`select pid, pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and ${which}`);
    const pids = rows.map(({ pid }) => pid);
    // Until they are gone, and the pool has heard so: the looks of the test itself are not to meet one that is about to end.
    await waitFor(async () => (await killer.query("select 1 from pg_stat_activity where pid = any($1::int[])", [pids])).rowCount === 0, { what: "the end of connections" });
    await this.#throwOutDeadConnections();
  }

  /** The pool hears of an end only when its process reads the socket: until then it would hand the dead connection out. */
  async #throwOutDeadConnections(): Promise<void> {
    const { pool } = app.database;
    const look = async (): Promise<void> => {
      const client = await pool.connect();
      const hear = (): void => undefined; // an end between two looks would end the process if nobody heard it
      client.on("error", hear);
      const broken = await client.query("select 1").then(() => false, () => true);
      client.off("error", hear);
      client.release(broken);
    };
    await Promise.allSettled(Array.from({ length: pool.totalCount }, look));
  }

  async #answer(calls: number, ending: Ending): Promise<void> {
    const isWorking = async (): Promise<boolean> => (await Promise.all(this.runs.map((id) => readRun(app, id)))).some(({ status }) => status === "QUEUED" || status === "RUNNING");
    if (await isWorking()) await waitFor(async () => this.endpoint.pending.size > 0 || !(await isWorking()), { what: "a call" });
    this.endpoint.answer(calls, ending);
  }

  async #control(mutation: string, id: string | undefined): Promise<void> {
    if (id === undefined) return;
    const before = await readRun(app, id);
    const result = await app.run(`mutation ($id: ID!) { ${mutation}(id: $id) { status } }`, { id });
    const reason = result.errors?.[0]?.extensions?.["reason"];
    if (reason === undefined) {
      const { status } = result.data?.[mutation] as { status: string };
      const allowed: Record<string, string[]> = { pauseTestRun: ["PAUSED"], resumeTestRun: ["RUNNING", "QUEUED", ...TERMINAL], cancelTestRun: ["CANCELLING", "CANCELLED"], retryTestRun: ["RUNNING", "QUEUED"] };
      expect(allowed[mutation]).toContain(status);
      if (mutation !== "retryTestRun") return;
      this.#ended.delete(id);
      this.#retried.add(id);
    } else if (mutation === "retryTestRun") expect(["NOTHING_TO_RETRY", "RUN_NOT_FINISHED"]).toContain(reason);
    else {
      expect(reason).toBe("RUN_FINISHED");
      // Refused is only what had ended, or ended at this very moment.
      if (!TERMINAL.includes(before.status)) await waitFor(async () => TERMINAL.includes((await readRun(app, id)).status));
    }
  }

  /** Holds after every step. */
  async check(): Promise<void> {
    expect(this.endpoint.most).toBeLessThanOrEqual(LIMIT);
    for (const id of this.runs) {
      const { status } = await expectConsistent(app.database.pool, id, this.#retried.has(id));
      const ended = this.#ended.get(id);
      if (ended !== undefined) expect(status).toBe(ended); // only a retry leaves a terminal status
      if (TERMINAL.includes(status)) this.#ended.set(id, status);
    }
  }

  /** Lets everything end: what is paused goes on, and every call is answered. */
  async finish(): Promise<void> {
    for (const id of this.runs) await this.#control("resumeTestRun", id);
    for (const id of this.runs) {
      await waitFor(
        async () => {
          this.endpoint.answer(LIMIT, "right");
          return TERMINAL.includes((await readRun(app, id)).status);
        },
        { withinMs: 60_000, what: `the end of run ${id}` },
      );
      const run = await readRun(app, id);
      if (run.status !== "CANCELLED") await waitFor(async () => (await expectConsistent(app.database.pool, id, this.#retried.has(id))).open_lanes === 0, { what: "the lanes to close" });
      if (run.status !== "CANCELLED") await expectComplete(app.database.pool, id, 1, this.#retried.has(id));
      expect(run.progress.finished).toBe(run.progress.total);
    }
  }
}

it("keeps every invariant of runs over random sequences of control, kills and faults", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
      const world = new World();
      await world.open();
      try {
        await world.take({ do: "execute", tests: 4, sequential: false });
        for (const each of steps) await world.take(each);
        await world.finish();
      } finally {
        await world.close();
      }
    }),
    { numRuns: SEQUENCES, endOnFailure: process.env["SHRINK"] === undefined },
  );
}, 60_000 + SEQUENCES * 20_000);
