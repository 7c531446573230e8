import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, keepOnFailure, type TestDatabase } from "../support/database.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import type { GatewayProcess } from "../support/gateway-process.js";
import { Deployment, type WorkerProcess } from "../support/processes.js";
import { waitFor } from "../support/wait-for.js";
import { expectComplete, untilComplete } from "./run-invariants.js";

const LIMIT = 9;
const DELAY_MS = 40;

let database: TestDatabase;
let deployment: Deployment;
let endpoint: FakeEndpoint;
let apis: GatewayProcess[];
let workers: WorkerProcess[];
beforeAll(async () => {
  database = await createTestDatabase();
  deployment = new Deployment(database.url);
  endpoint = await startFakeEndpoint((request) => ({ json: { output: `echo ${request.json.input as string}` }, delayMs: DELAY_MS }));
  const first = await deployment.startApi(); // it makes the first token
  apis = [first, await deployment.startApi()];
  workers = [deployment.startWorker(), deployment.startWorker(), deployment.startWorker()];
  await first.client.request(`mutation { createMetric(input: { name: "echoes", kind: BUILT_IN, builtIn: "starts_with", parameters: { value: "echo" } }) { id } }`);
  await first.client.request(`mutation ($url: String!, $limit: Int!) { createEndpoint(input: { name: "bot", url: $url, limits: { maxConcurrency: $limit } }) { id } }`, { url: endpoint.url, limit: LIMIT });
}, 120_000);
afterAll(async () => {
  await deployment.stop();
  await endpoint.close();
  await database.drop();
});

async function startRun(api: GatewayProcess, name: string, tests: number): Promise<string> {
  endpoint.clear();
  endpoint.inFlight.most = 0;
  await api.client.request(`mutation ($name: String!, $tests: [TestInput!]!) { createTestSet(input: { name: $name, tests: $tests, metrics: [{ name: "echoes" }] }) { id } }`, {
    name,
    tests: Array.from({ length: tests }, (_, index) => ({ prompt: { content: `question ${index}` } })),
  });
  return (await api.client.request<{ executeTestSet: { id: string } }>(`mutation ($name: String!) { executeTestSet(input: { testSet: { name: $name }, endpoint: { name: "bot" } }) { id } }`, { name })).executeTestSet.id;
}

interface StatusEvent {
  readonly status: string;
  readonly cursor: string;
  readonly hasMore: boolean;
  readonly finishedResults: readonly { readonly id: string }[];
}
const RUN_STATUS = "subscription ($id: ID!, $after: String) { runStatus(runId: $id, after: $after) { status cursor hasMore finishedResults { id } } }";

/**
 * Follows a run as a frontend does: when its socket closes it goes on at any API that answers, from the last cursor.
 * Answers the results in the order in which they came, and every GraphQL error.
 */
async function follow(addresses: () => readonly string[], token: string, id: string): Promise<{ results: string[]; errors: string[]; sockets: number }> {
  const seen = { results: [] as string[], errors: [] as string[], sockets: 0 };
  let after: string | null = null;
  let status = "";
  while (!["COMPLETED", "PARTIAL", "FAILED", "CANCELLED"].includes(status)) {
    const candidates = addresses();
    const client = createClient({ url: candidates[seen.sockets % candidates.length]!.replace(/^http/, "ws"), webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
    seen.sockets += 1;
    try {
      for await (const { data, errors } of client.iterate<{ runStatus: StatusEvent }>({ query: RUN_STATUS, variables: { id, after } })) {
        seen.errors.push(...(errors ?? []).map(({ message }) => message));
        if (data == null) continue;
        seen.results.push(...data.runStatus.finishedResults.map((result) => result.id));
        ({ cursor: after, status } = data.runStatus);
      }
    } catch {
      await delay(100); // the socket closed: go on elsewhere
    } finally {
      await client.dispose();
    }
  }
  return seen;
}

const urls = (): string[] => apis.map((api) => api.url);

it("subscriptions reach the clients of every API, and the endpoint's limit holds over three workers", async () => {
  keepOnFailure(database);
  const id = await startRun(apis[0]!, "limits", 500);
  const [one, other] = await Promise.all(apis.map((api) => follow(() => [api.url], api.token, id)));
  await untilComplete(database.pool, id);
  await expectComplete(database.pool, id, 1);
  expect(endpoint.requests).toHaveLength(500);
  expect(endpoint.inFlight.most).toBe(LIMIT);
  expect(one!.errors).toEqual([]);
  expect(new Set(one!.results).size).toBe(500);
  expect(other!.results).toEqual(one!.results);
  const { rows } = await database.pool.query<{ pools: number }>("select count(distinct application_name || pid)::int as pools from pg_stat_activity where datname = current_database() and application_name = 'assay-worker-session'");
  expect(rows[0]!.pools).toBe(3);
}, 120_000);

it("killing a worker and an API in mid-run harms nothing: their clients go on elsewhere and miss nothing", async () => {
  keepOnFailure(database);
  const id = await startRun(apis[1]!, "kills", 500);
  const following = follow(urls, apis[0]!.token, id);
  await waitFor(() => endpoint.requests.length > 120, { withinMs: 30_000 });
  const killed = apis.shift()!;
  await Promise.all([workers.shift()!.stop("SIGKILL"), killed.stop("SIGKILL")]);
  const { results, errors, sockets } = await following;
  expect(errors).toEqual([]);
  expect(sockets).toBeGreaterThan(1);
  expect([results.length, new Set(results).size]).toEqual([500, 500]);
  await untilComplete(database.pool, id);
  await expectComplete(database.pool, id, 1);
  // What was in flight, or answered in the last tenth of a second before the kill.
  expect(endpoint.requests.length - 500).toBeLessThanOrEqual(LIMIT + (LIMIT * 100) / DELAY_MS + 10);
}, 120_000);

it("a rolling restart by SIGTERM hands the work over: every process ends with code 0, no client sees an error, no call is repeated", async () => {
  keepOnFailure(database);
  apis.push(await deployment.startApi());
  workers.push(deployment.startWorker());
  const id = await startRun(apis[0]!, "rolling", 700);
  const following = follow(urls, apis[0]!.token, id);
  const failures: string[] = [];
  let isOver = false;
  let rounds = 0;
  const asking = (async () => {
    // As a balancer would: only APIs that say they are ready are asked.
    while (!isOver) {
      rounds += 1;
      for (const { url, token } of [...apis]) {
        await fetch(url, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body: JSON.stringify({ query: "query ($id: ID!) { testRun(ref: { id: $id }) { status } }", variables: { id } }) })
          .then(async (response) => (response.ok && !(await response.text()).includes('"errors"') ? undefined : failures.push(`status ${response.status}`)))
          .catch((error: unknown) => (apis.some((api) => api.url === url) ? failures.push(String(error)) : undefined));
      }
      await delay(20);
    }
  })();
  await waitFor(() => endpoint.requests.length > 100, { withinMs: 30_000 });
  for (let each = 0; each < 2; each += 1) {
    apis.push(await deployment.startApi());
    const [old] = apis.splice(0, 1);
    const from = rounds;
    await waitFor(() => rounds > from); // no new request goes there now, and what was on its way is answered
    expect(await old!.stop("SIGTERM")).toBe(0);
  }
  for (let each = 0; each < 3; each += 1) {
    workers.push(deployment.startWorker());
    expect(await workers.shift()!.stop("SIGTERM")).toBe(0);
  }
  const { results, errors } = await following;
  isOver = true;
  await asking;
  expect([failures, errors]).toEqual([[], []]);
  expect([results.length, new Set(results).size]).toEqual([700, 700]);
  await untilComplete(database.pool, id);
  await expectComplete(database.pool, id, 1);
  expect(endpoint.requests).toHaveLength(700);
  expect(endpoint.inFlight.most).toBeLessThanOrEqual(LIMIT);
}, 180_000);
