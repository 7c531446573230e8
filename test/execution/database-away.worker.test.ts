import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { composeServices } from "../../src/app/services.js";
import { SHARED_TABLES } from "../../src/app/shared-tables.js";
import { createDatabaseClient } from "../../src/db/index.js";
import { PgEventBus } from "../../src/events/index.js";
import { startWorker } from "../../src/execution/index.js";
import { createLogger } from "../../src/log.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { type DatabaseProxy, startDatabaseProxy } from "../support/database-proxy.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";

let app: TestApp;
let bot: FakeEndpoint;
let proxy: DatabaseProxy;
let stop: () => Promise<void>;

/** A worker process whose every way to the database leads by the proxy. */
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  proxy = await startDatabaseProxy(app.database.url);
  const log = createLogger({ level: process.env["LOG_LEVEL"] ?? "silent", service: "test" });
  const client = createDatabaseClient({ url: proxy.url, maxConnections: 20, applicationName: "away", statementTimeoutMs: 30_000, sharedTables: SHARED_TABLES });
  const bus = new PgEventBus({ url: proxy.url, applicationName: "away-events" });
  await bus.start();
  const now = (): Date => new Date();
  const services = composeServices({ db: client.db, bus, now, log, secretKey: randomBytes(32), allowPrivateAddresses: true });
  const worker = await startWorker({ ...services.execution, db: client.db, pool: client.pool, databaseUrl: proxy.url, bus, now, random: () => 0.01, log, concurrency: 64 });
  stop = async () => {
    await worker.stop(500);
    await services.close();
    await bus.close();
    await client.close();
  };
});
afterAll(async () => {
  await stop();
  await proxy.close();
  await bot.close();
  await app.close();
});

const blink = async (): Promise<void> => proxy.breakConnections();
const cutFor = (ms: number) => async (): Promise<void> => {
  await proxy.cut();
  await delay(ms);
  await proxy.restore();
};
/** The session, and with it the claims, stay. */
const breakPool = (): Promise<unknown> => app.database.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'away' and datname = current_database()");

describe("a run whose worker loses the database", () => {
  it.each<[string, Record<string, unknown>, (() => Promise<unknown>)[]]>([
    ["for a moment, again and again", {}, [blink, blink, blink]],
    ["for a while", {}, [cutFor(1_500)]],
    ["while its calls wait for their turns", { requestsPerMinute: 6_000 }, [cutFor(700)]],
    ["on some connections only", { requestsPerMinute: 6_000 }, [breakPool, breakPool, breakPool]],
  ])("%s goes on by itself and gives every result its verdict", async (_, limits, disturbances) => {
    bot.clear();
    bot.answer((request) => ({ json: { output: `echo: ${request.json.input as string}` }, delayMs: 20 }));
    const id = await execute(app, await givenTests(app, { tests: 260 }), await givenEndpointAt(app, bot.url, { maxConcurrency: 6, ...limits }));
    for (const disturb of disturbances) {
      const seen = bot.requests.length;
      while (bot.requests.length < seen + 20) await delay(5);
      await disturb();
    }
    const run = await untilFinished(app, id, 50_000);
    expect(run).toMatchObject({ status: "COMPLETED", progress: { total: 260, passed: 260, errored: 0, cancelled: 0 } });
    // Asked again is only what was in flight, and what was answered in the last tenth of a second before.
    expect(bot.requests.length).toBeLessThan(260 + disturbances.length * 60);
  });
});
