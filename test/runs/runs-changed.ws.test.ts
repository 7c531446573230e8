import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "graphql-ws";
import type { GatewayServer } from "../../src/http/index.js";
import { PgEventBus } from "../../src/events/index.js";
import { IdKind, newId } from "../../src/ids.js";
import { deletedRunKey, RUN_CHANGED, RUN_DELETED } from "../../src/runs/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { givenEndpoint, givenOwner, givenRun, givenTestSet, ownerOf, type SeededRun } from "../support/seed.js";
import { socketClient, startTestServer } from "../support/server.js";
import { startTestWorker } from "../support/worker.js";

interface Change {
  readonly kind: string;
  readonly runId: string;
  readonly run: { readonly id: string; readonly status: string; readonly name: string } | null;
}
interface Watching {
  readonly changes: Change[];
  readonly error: () => Record<string, unknown> | undefined;
  stop: () => Promise<void>;
}

const WATCH = `subscription ($projectId: ID, $testSetId: ID, $endpointId: ID) { runsChanged(projectId: $projectId, testSetId: $testSetId, endpointId: $endpointId) { kind runId run { id status name } } }`;

let app: TestApp;
let server: GatewayServer;
let bot: FakeEndpoint;
let elsewhere: PgEventBus;
let count = 0;
const clients: Client[] = [];
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  bot = await startFakeEndpoint();
  elsewhere = new PgEventBus({ url: app.database.url, applicationName: "elsewhere" }); // another process: publishing needs no session
  bot.answer(() => ({ json: { output: "echo" }, delayMs: 10 }));
});
afterAll(async () => {
  for (const client of clients) await client.dispose();
  await server.close(1_000);
  await app.close();
  await bot.close();
});

interface Asked {
  readonly projectId?: string;
  readonly testSetId?: string;
  readonly endpointId?: string;
}

function subscribe(variables: Asked): Watching {
  const client = socketClient(server);
  clients.push(client);
  const changes: Change[] = [];
  let error: Record<string, unknown> | undefined;
  const subscription = client.iterate<{ runsChanged: Change }>({ query: WATCH, variables: { ...variables } });
  const reading = (async () => {
    for await (const { data, errors } of subscription) {
      if (errors !== undefined) error = errors[0]?.extensions;
      if (data != null) changes.push(data.runsChanged);
    }
  })();
  reading.catch((thrown: unknown) => (error = (thrown as { extensions: Record<string, unknown> }[])[0]?.extensions));
  return { changes, error: () => error, stop: async () => void (await subscription.return?.()) };
}

/** A subscription that has begun, which shows in what it tells of runs that never were. */
async function watch(asked: Asked = {}): Promise<Watching> {
  const watching = subscribe(asked);
  const owner = await ownerOf(app.database.db, app.admin);
  const place = { ...owner, testSetId: null, endpointId: newId(IdKind.ENDPOINT), ...asked };
  const probed = async (): Promise<number> => {
    await elsewhere.publish(app.database.db, RUN_DELETED, deletedRunKey({ ...place, id: newId(IdKind.TEST_RUN) }));
    return watching.changes.length;
  };
  await expect.poll(probed, { interval: 100 }).toBeGreaterThan(0);
  return watching;
}

async function givenOldRun(): Promise<SeededRun> {
  const owner = await ownerOf(app.database.db, app.admin);
  count += 1;
  return givenRun(app.database.db, owner, { createdAt: new Date("2020-01-01T00:00:00Z"), testSet: await givenTestSet(app.database.db, owner, { name: `old set ${count}` }), endpoint: await givenEndpoint(app.database.db, owner, `old endpoint ${count}`) });
}

describe("runsChanged", () => {
  test("tells of each run that is created, of its changes of status, and not of its progress", async () => {
    const watching = await watch();
    const worker = await startTestWorker(app);
    try {
      const id = await execute(app, await givenTests(app, { tests: 60 }), await givenEndpointAt(app, bot.url));
      await untilFinished(app, id);
      await expect.poll(() => watching.changes.filter(({ runId }) => runId === id).at(-1)?.run?.status).toBe("COMPLETED");
      const seen = watching.changes.filter(({ runId }) => runId === id);
      expect(seen[0]?.kind).toBe("CREATED");
      expect(seen.slice(1).every(({ kind }) => kind === "UPDATED")).toBe(true);
      const statuses = seen.map(({ run }) => run?.status);
      expect(new Set(statuses).size).toBe(statuses.length); // each status once
    } finally {
      await worker.stop(1_000);
      await watching.stop();
    }
  });

  test("hears runs of the asked set, endpoint and project alone, whichever process changes them", async () => {
    const [mine, other] = [await givenTests(app, { tests: 1 }), await givenTests(app, { tests: 1 })];
    const endpoint = await givenEndpointAt(app, bot.url);
    const everything = await watch();
    const ofSet = await watch({ testSetId: mine.id, endpointId: endpoint.id });
    const otherEndpoint = await givenEndpointAt(app, bot.url);
    const ids = [await execute(app, mine, endpoint), await execute(app, other, endpoint), await execute(app, mine, otherEndpoint)];
    await expect.poll(() => ids.every((id) => everything.changes.some(({ runId }) => runId === id))).toBe(true);
    await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id: ids[0] });
    await expect.poll(() => ofSet.changes.at(-1)?.run?.status).toMatch(/^CANCEL/);
    expect(new Set(ofSet.changes.filter(({ run }) => run !== null).map(({ runId }) => runId))).toEqual(new Set([ids[0]]));
    await everything.stop();
    await ofSet.stop();
  });

  test("tells of a deletion without the run, also of one that had ended long ago", async () => {
    const owner = await ownerOf(app.database.db, app.admin);
    const old = await givenOldRun();
    const watching = await watch({ projectId: owner.projectId });
    await elsewhere.publish(app.database.db, RUN_DELETED, deletedRunKey({ ...owner, id: old.id, testSetId: old.testSet.id, endpointId: old.endpoint.id }));
    await expect.poll(() => watching.changes.find(({ runId }) => runId === old.id)).toEqual({ kind: "DELETED", runId: old.id, run: null });
    await watching.stop();
  });

  test("tells of an old run that begins anew, and not of one that only shows other reviews", async () => {
    const owner = await ownerOf(app.database.db, app.admin);
    const [retried, reviewed] = [await givenOldRun(), await givenOldRun()];
    const watching = await watch();
    await app.database.db.updateTable("testRuns").set({ status: "RUNNING" }).where("organizationId", "=", owner.organizationId).where("id", "=", retried.id).execute();
    for (const run of [reviewed, retried]) await elsewhere.publish(app.database.db, RUN_CHANGED, run.id);
    await expect.poll(() => watching.changes.find(({ runId }) => runId === retried.id)).toMatchObject({ kind: "UPDATED", run: { status: "RUNNING" } });
    expect(watching.changes.some(({ runId }) => runId === reviewed.id)).toBe(false);
    await watching.stop();
  });

  test("says nothing of other organizations", async () => {
    const [stranger, own] = [await givenOwner(app.database.db), await ownerOf(app.database.db, app.admin)];
    const watching = await watch();
    const hidden = await givenRun(app.database.db, stranger, { createdAt: new Date() });
    const shown = await givenRun(app.database.db, own, { createdAt: new Date(), testSet: await givenTestSet(app.database.db, own, { name: "shown" }), endpoint: await givenEndpoint(app.database.db, own, "shown") });
    watching.changes.length = 0;
    const gone = newId(IdKind.TEST_RUN);
    await elsewhere.publish(app.database.db, RUN_DELETED, deletedRunKey({ ...stranger, id: gone, testSetId: null, endpointId: hidden.endpoint.id }));
    for (const run of [hidden, shown]) await elsewhere.publish(app.database.db, RUN_CHANGED, run.id);
    await expect.poll(() => watching.changes.some(({ runId }) => runId === shown.id)).toBe(true);
    // The probes by which it was seen to have begun may still come in.
    const ofThese = watching.changes.filter(({ runId }) => [hidden.id, shown.id, gone].includes(runId));
    expect(ofThese.map(({ kind, runId }) => [kind, runId])).toEqual([["CREATED", shown.id]]);
    await watching.stop();
  });

  test("answers NOT_FOUND for what is not there", async () => {
    for (const variables of [{ projectId: newId(IdKind.PROJECT) }, { testSetId: "nonsense" }, { endpointId: newId(IdKind.ENDPOINT) }]) {
      const watching = subscribe(variables);
      await expect.poll(() => watching.error()).toMatchObject({ code: "NOT_FOUND" });
    }
  });
});
