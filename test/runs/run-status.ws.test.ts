import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { socketClient, startTestServer } from "../support/server.js";
import { startTestWorker } from "../support/worker.js";

interface Event {
  readonly cursor: string;
  readonly status: string;
  readonly hasMore: boolean;
  readonly progress: { readonly total: number; readonly finished: number };
  readonly finishedResults: readonly { readonly id: string; readonly status: string }[];
}

const WITH_RESULTS = `subscription ($id: ID!, $after: String) { runStatus(runId: $id, after: $after) { cursor status hasMore progress { total finished } finishedResults { id status } } }`;
const WITHOUT_RESULTS = `subscription ($id: ID!, $after: String) { runStatus(runId: $id, after: $after) { cursor status hasMore progress { total finished } } }`;

let app: TestApp;
let server: GatewayServer;
let worker: Worker;
let bot: FakeEndpoint;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  worker = await startTestWorker(app);
  bot = await startFakeEndpoint();
});
beforeEach(() => bot.answer(() => ({ json: { output: "echo" }, delayMs: 10 })));
afterAll(async () => {
  await server.close(1_000);
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

/** The events until the stream completes, or until `enough` says so: the socket is cut then. */
async function watch(id: string, options: { query?: string; after?: string | null; enough?: (events: readonly Event[]) => boolean } = {}): Promise<{ events: Event[]; completed: boolean }> {
  const client = socketClient(server);
  const events: Event[] = [];
  try {
    for await (const result of client.iterate<{ runStatus: Event }>({ query: options.query ?? WITH_RESULTS, variables: { id, after: options.after ?? null } })) {
      if (result.errors !== undefined) throw Object.assign(new Error(result.errors[0]?.message), { extensions: result.errors[0]?.extensions });
      if (result.data != null) events.push(result.data.runStatus);
      if (options.enough?.(events) === true) {
        client.terminate();
        return { events, completed: false };
      }
    }
    return { events, completed: true };
  } finally {
    await client.dispose();
  }
}

async function failure(id: string, after?: string): Promise<Record<string, unknown>> {
  return watch(id, { after: after ?? null }).then(
    () => ({}),
    (error: unknown) => ((error as { extensions?: Record<string, unknown> }).extensions ?? (Array.isArray(error) ? ((error[0] as { extensions: Record<string, unknown> }).extensions) : { error })),
  );
}

async function startRun(tests: number): Promise<string> {
  return execute(app, await givenTests(app, { tests }), await givenEndpointAt(app, bot.url));
}

describe("runStatus", () => {
  it("gives the present state first, every finished result once, at most ten events a second, and completes after the terminal event", async () => {
    const id = await startRun(600);
    const begun = performance.now();
    const { events, completed } = await watch(id);
    const seconds = (performance.now() - begun) / 1_000;
    expect(completed).toBe(true);
    expect(events[0]).toMatchObject({ progress: { total: 600 } });
    expect(["QUEUED", "RUNNING"]).toContain(events[0]?.status);
    expect(events.at(-1)).toMatchObject({ status: "COMPLETED", hasMore: false, progress: { finished: 600 } });
    const ids = events.flatMap((event) => event.finishedResults.map((result) => result.id));
    expect(ids).toHaveLength(600);
    expect(new Set(ids).size).toBe(600);
    for (const event of events) expect(event.finishedResults.length).toBeLessThanOrEqual(100);
    const steps = events.filter((_, index) => index === 0 || events[index - 1]?.hasMore === false);
    // Over the whole time, in which all the looks were: when a single event arrives hangs on how busy the machine is. The first comes at once.
    expect(steps.length).toBeLessThanOrEqual(10 * seconds + 2);
    expect(events.map((event) => event.progress.finished)).toEqual([...events.map((event) => event.progress.finished)].sort((a, b) => a - b));
  });

  it("gives each finished result exactly once over connections that are cut and resumed with the last cursor", async () => {
    const id = await startRun(800);
    const ids: string[] = [];
    let after: string | null = null;
    let cuts = 0;
    for (;;) {
      const { events, completed } = await watch(id, { after, enough: (seen) => seen.length >= 3 });
      ids.push(...events.flatMap((event) => event.finishedResults.map((result) => result.id)));
      after = events.at(-1)?.cursor ?? after;
      if (completed) break;
      cuts += 1;
    }
    expect(cuts).toBeGreaterThan(1);
    expect(ids).toHaveLength(800);
    expect(new Set(ids).size).toBe(800);
  });

  it("gives a finished run in pages without pause, then completes; without finishedResults in one event", async () => {
    const id = await startRun(250);
    await untilFinished(app, id);
    const paged = await watch(id);
    expect(paged.events.map((event) => [event.status, event.finishedResults.length, event.hasMore])).toEqual([["COMPLETED", 100, true], ["COMPLETED", 100, true], ["COMPLETED", 50, false]]);
    const single = await watch(id, { query: WITHOUT_RESULTS });
    expect(single).toMatchObject({ completed: true, events: [{ status: "COMPLETED", hasMore: false }] });
    expect(await watch(id, { after: single.events[0]?.cursor ?? null })).toEqual({ completed: true, events: [] });
  });

  it("goes on from a run's eventCursor: nothing that the query showed comes again, nothing later is missed", async () => {
    const id = await startRun(400);
    await watch(id, { enough: (events) => events.flatMap((event) => event.finishedResults).length > 50 });
    const { testRun } = await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { eventCursor progress { finished } } }`, { id });
    const { events } = await watch(id, { after: testRun.eventCursor as string });
    const ids = events.flatMap((event) => event.finishedResults.map((result) => result.id));
    expect(ids).toHaveLength(400 - (testRun.progress.finished as number));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("shows the cancellation of a run that no worker is on, and completes", async () => {
    await worker.stop(1_000);
    try {
      const id = await startRun(5);
      const watching = watch(id);
      await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id });
      const { events, completed } = await watching;
      expect(completed).toBe(true);
      expect(events.at(-1)).toMatchObject({ status: "CANCELLED", progress: { finished: 5 } });
    } finally {
      worker = await startTestWorker(app);
    }
  });

  it("refuses unknown runs, those of others, and cursors that are not this run's", async () => {
    expect(await failure("nonsense")).toMatchObject({ code: "NOT_FOUND" });
    expect(await failure("019a0000-0000-7580-8000-000000000000")).toMatchObject({ code: "NOT_FOUND" });
    const [first, second] = [await startRun(1), await startRun(1)];
    const { events } = await watch(first);
    expect(await failure(second, events[0]?.cursor)).toMatchObject({ code: "BAD_USER_INPUT", reason: "CURSOR_INVALID" });
    expect(await failure(second, "garbage")).toMatchObject({ code: "BAD_USER_INPUT", reason: "CURSOR_INVALID" });
  });
});
