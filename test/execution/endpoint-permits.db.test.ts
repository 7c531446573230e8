import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { SessionConnection } from "../../src/db/index.js";
import { EndpointPermits } from "../../src/execution/endpoint-permits.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait-for.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const sessions: SessionConnection[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});

/** The permits of a process: a session of its own. */
async function startPermits(name = "permits"): Promise<{ permits: EndpointPermits; session: SessionConnection }> {
  const session = new SessionConnection({ url: database.url, applicationName: name });
  const permits = new EndpointPermits(session);
  await session.open();
  sessions.push(session);
  return { permits, session };
}

let endpoints = 0;
const newEndpoint = (): string => `endpoint ${(endpoints += 1)}`;
const never = new AbortController().signal;

/** Permits held over the whole database, and held now by what is lent out there. */
async function lockCount(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>("select count(*)::int as n from pg_locks where locktype = 'advisory' and objsubid = 2 and objid > 0 and database = (select oid from pg_database where datname = current_database())");
  return rows[0]?.n ?? -1;
}

/** Counts who is inside at once. The first stay until so many are. */
function gauge(limit: number) {
  const state = { now: 0, most: 0, total: 0 };
  const { promise: isFull, resolve: fill } = Promise.withResolvers<void>();
  return {
    state,
    visit: async (enter: Promise<() => void>, ms: number): Promise<void> => {
      const leave = await enter;
      state.now += 1;
      state.total += 1;
      state.most = Math.max(state.most, state.now);
      if (state.now === limit) fill();
      await isFull;
      await delay(ms);
      state.now -= 1;
      leave();
    },
  };
}

describe("an endpoint's permits", () => {
  it("are never more than its limit over two processes under random load, and as many as that", async () => {
    const [a, b] = await Promise.all([startPermits(), startPermits()]);
    for (const limit of [1, 3, 7]) {
      const endpoint = newEndpoint();
      const { state, visit } = gauge(limit);
      const calls = Array.from({ length: 60 }, async (_, index) => {
        await delay(Math.random() * 50);
        await visit((index % 2 === 0 ? a : b).permits.acquire(endpoint, limit, never), 5 + Math.random() * 15);
      });
      await Promise.all(calls);
      expect(state).toEqual({ now: 0, most: limit, total: 60 });
    }
  });

  it("of different endpoints do not meet", async () => {
    const { permits } = await startPermits();
    const leave = await permits.acquire(newEndpoint(), 1, never);
    const leaveOther = await permits.acquire(newEndpoint(), 1, never);
    leave();
    leaveOther();
  });

  it("are given out in the order in which they were asked for", async () => {
    const { permits } = await startPermits();
    const endpoint = newEndpoint();
    const first = await permits.acquire(endpoint, 1, never);
    const order: number[] = [];
    const waiting = [1, 2, 3, 4].map(async (number) => {
      const leave = await permits.acquire(endpoint, 1, never);
      order.push(number);
      leave();
    });
    first();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it("follow a limit that is raised and lowered while calls wait", async () => {
    const { permits } = await startPermits();
    const endpoint = newEndpoint();
    const leave = await permits.acquire(endpoint, 1, never);
    let inside = 1;
    const ended: (() => void)[] = [leave];
    const enter = (limit: number): Promise<void> =>
      permits.acquire(endpoint, limit, never).then((leaveThis) => {
        inside += 1;
        ended.push(leaveThis);
      });
    const waiting = [enter(1), enter(1), enter(4)];
    await eventually(() => expect(inside).toBe(4));
    await Promise.all(waiting);
    const later = [enter(2), enter(2)];
    for (const [left, before] of [[0, 4], [1, 4]] as const) {
      ended[left]?.();
      await delay(80);
      expect(inside).toBe(before);
    }
    ended[2]?.();
    ended[3]?.();
    await Promise.all(later);
    expect(inside).toBe(6);
  });

  it("are given back at most once by each call", async () => {
    const { permits } = await startPermits();
    const endpoint = newEndpoint();
    const leave = await permits.acquire(endpoint, 1, never);
    leave();
    const second = await permits.acquire(endpoint, 1, never);
    leave();
    const third = permits.acquire(endpoint, 1, AbortSignal.timeout(150));
    await expect(third).rejects.toThrow();
    second();
  });

  it("that nobody here wants go to other processes soon", async () => {
    const [a, b] = await Promise.all([startPermits(), startPermits()]);
    const endpoint = newEndpoint();
    const leave = await Promise.all([a.permits.acquire(endpoint, 2, never), a.permits.acquire(endpoint, 2, never)]);
    for (const each of leave) each();
    (await b.permits.acquire(endpoint, 2, AbortSignal.timeout(10_000)))();
    await eventually(async () => expect(await lockCount()).toBe(0));
  });
});

describe("who waits for a permit", () => {
  it("goes away with the signal's reason, and leaves the permit to others", async () => {
    const { permits } = await startPermits();
    const endpoint = newEndpoint();
    const reason = new Error("cancelled");
    const leave = await permits.acquire(endpoint, 1, never);
    const [gone, stays] = [new AbortController(), new AbortController()];
    const goneWaiting = permits.acquire(endpoint, 1, gone.signal);
    const staysWaiting = permits.acquire(endpoint, 1, stays.signal);
    gone.abort(reason);
    await expect(goneWaiting).rejects.toBe(reason);
    await expect(permits.acquire(endpoint, 1, gone.signal)).rejects.toBe(reason);
    leave();
    (await staysWaiting)();
    await eventually(async () => expect(await lockCount()).toBe(0));
  });

  it("leaves nothing locked when it goes away while the database is asked", async () => {
    const { permits } = await startPermits();
    for (let each = 0; each < 20; each += 1) {
      const controller = new AbortController();
      const waiting = permits.acquire(newEndpoint(), 1, controller.signal).then(
        (leave) => leave(),
        () => undefined,
      );
      setTimeout(() => controller.abort(), each % 4);
      await waiting;
    }
    await eventually(async () => expect(await lockCount()).toBe(0));
  });

  it.each([1, 4])("gets one, however busy another process is, with a limit of %i", async (limit) => {
    const [busy, other] = await Promise.all([startPermits(), startPermits()]);
    const endpoint = newEndpoint();
    const stop = new AbortController();
    const usedMs = { busy: 0, other: 0 };
    const hammer = async (who: "busy" | "other", permits: EndpointPermits): Promise<void> => {
      while (!stop.signal.aborted) {
        const leave = await permits.acquire(endpoint, limit, stop.signal);
        const begun = performance.now();
        await delay(10);
        usedMs[who] += performance.now() - begun;
        leave();
      }
    };
    const workers = Array.from({ length: 3 * limit }, () => hammer("busy", busy.permits));
    await delay(200);
    usedMs.busy = 0;
    const begun = performance.now();
    workers.push(...Array.from({ length: 3 * limit }, () => hammer("other", other.permits)));
    await delay(4_000);
    const possibleMs = limit * (performance.now() - begun);
    stop.abort(new Error("enough"));
    await Promise.allSettled(workers);
    const total = usedMs.busy + usedMs.other;
    expect(usedMs.other / total).toBeGreaterThan(0.2);
    expect(usedMs.busy / total).toBeGreaterThan(0.2);
    // Sharing costs little: most of the time every permit is in use. By time, not by calls: those are fewer on a busy machine.
    expect(total / possibleMs).toBeGreaterThan(0.4);
  });
});

describe("permits of a session that is lost", () => {
  it("are free for others at once, and the process gets new ones when it is back", async () => {
    const [a, b] = await Promise.all([startPermits("lost-permits"), startPermits()]);
    const endpoint = newEndpoint();
    const old = await a.permits.acquire(endpoint, 1, never);
    await database.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lost-permits' and datname = current_database()");
    const leave = await b.permits.acquire(endpoint, 1, AbortSignal.timeout(10_000));
    const again = a.permits.acquire(endpoint, 1, never);
    leave();
    const leaveAgain = await again;
    // The call of before the loss ends late: its permit is no more, and must not let another call in.
    old();
    await expect(a.permits.acquire(endpoint, 1, AbortSignal.timeout(200))).rejects.toThrow();
    leaveAgain();
    await eventually(async () => expect(await lockCount()).toBe(0));
  });

  it("keep waiting calls waiting", async () => {
    const { permits, session } = await startPermits("waiting-permits");
    const endpoint = newEndpoint();
    const old = await permits.acquire(endpoint, 1, never);
    let isIn = false;
    const waiting = permits.acquire(endpoint, 1, never).then((leave) => {
      isIn = true;
      leave();
    });
    await delay(60);
    await database.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'waiting-permits' and datname = current_database()");
    await eventually(() => expect(session.isConnected).toBe(false));
    await waiting;
    expect(isIn).toBe(true);
    old();
  });
});
