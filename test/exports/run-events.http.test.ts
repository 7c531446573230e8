import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { UnauthenticatedError } from "../../src/errors.js";
import { runEventRoutes } from "../../src/exports/http.js";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { givenRun, givenTestSet, ownerOf } from "../support/seed.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";
import { startTestWorker } from "../support/worker.js";
import { AUTHORIZED, startSampleGateway } from "../http/sample-gateway.js";

interface Event {
  readonly id: string;
  readonly data: { readonly cursor: string; readonly status: string; readonly hasMore: boolean; readonly progress: Record<string, number>; readonly run: Record<string, unknown>; readonly finishedResults: readonly { readonly id: string; readonly status: string }[] };
}

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

function open(id: string, options: { query?: string; lastEventId?: string; token?: string; signal?: AbortSignal } = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${options.token ?? ADMIN_TOKEN}`, ...(options.lastEventId === undefined ? {} : { "last-event-id": options.lastEventId }) };
  return fetch(new URL(`/runs/${id}/events${options.query ?? ""}`, server.url), { headers, ...(options.signal === undefined ? {} : { signal: options.signal }) });
}

/** The events of a stream, until it ends or `enough` says so. */
async function read(response: Response, enough: (events: readonly Event[]) => boolean = () => false): Promise<Event[]> {
  const events: Event[] = [];
  let text = "";
  for await (const chunk of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const match = /^id: (.*)\ndata: (.*)$/.exec(text.slice(0, end));
      text = text.slice(end + 2);
      if (match !== null) events.push({ id: match[1] ?? "", data: JSON.parse(match[2] ?? "") as Event["data"] });
    }
    if (enough(events)) break;
  }
  return events;
}

async function startRun(tests: number): Promise<string> {
  return execute(app, await givenTests(app, { tests }), await givenEndpointAt(app, bot.url));
}

describe("GET /runs/{id}/events", () => {
  test("gives the present state, every finished result once, and ends after the terminal event", async () => {
    const id = await startRun(300);
    const response = await open(id);
    expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([200, "text/event-stream; charset=utf-8", "no-store"]);
    const events = await read(response);
    expect(events.at(-1)?.data).toMatchObject({ status: "COMPLETED", hasMore: false, progress: { total: 300, finished: 300, passed: 300, pending: 0 }, run: { id, status: "COMPLETED", phase: "DONE", passRate: 1, coverage: 1 } });
    for (const event of events) expect(event.id).toBe(event.data.cursor);
    const ids = events.flatMap(({ data }) => data.finishedResults.map((result) => result.id));
    expect([ids.length, new Set(ids).size]).toEqual([300, 300]);
  });

  test("goes on after the Last-Event-ID, so that cut streams lose and double nothing", async () => {
    const id = await startRun(400);
    const ids: string[] = [];
    let [last, cuts] = [undefined as string | undefined, 0];
    for (;;) {
      const response = await open(id, last === undefined ? {} : { lastEventId: last });
      if (response.status === 204) break;
      const events = await read(response, (seen) => seen.length >= 2);
      ids.push(...events.flatMap(({ data }) => data.finishedResults.map((result) => result.id)));
      last = events.at(-1)?.id ?? last;
      cuts += 1;
    }
    expect(cuts).toBeGreaterThan(1);
    expect([ids.length, new Set(ids).size]).toEqual([400, 400]);
  });

  test("answers a reader who has seen the end with 204, so that it does not come back", async () => {
    const id = await startRun(1);
    await untilFinished(app, id);
    const events = await read(await open(id, { query: "?finishedResults=false" }));
    expect(events.map(({ data }) => [data.status, data.finishedResults])).toEqual([["COMPLETED", []]]);
    const over = await open(id, { query: `?after=${events[0]?.id ?? ""}&finishedResults=false` });
    expect([over.status, over.headers.get("content-length"), await over.text()]).toEqual([204, null, ""]);
  });

  test("refuses strangers, unknown runs, others' cursors and wrong arguments", async () => {
    const id = await startRun(1);
    const failure = async (response: Promise<Response>): Promise<unknown[]> => {
      const { status, body } = await response.then(async (answer) => ({ status: answer.status, body: (await answer.json()) as { errors: { extensions: { reason: string } }[] } }));
      return [status, body.errors[0]?.extensions.reason];
    };
    expect(await failure(open(id, { token: "wrong" }))).toEqual([401, "TOKEN_INVALID"]);
    expect(await failure(open("nonsense"))).toEqual([404, "NOT_FOUND"]);
    expect(await failure(open(id, { lastEventId: "AAAA" }))).toEqual([400, "CURSOR_INVALID"]);
    expect(await failure(open(id, { query: "?finishedResults=maybe" }))).toEqual([400, "INPUT_INVALID"]);
  });

  test("answers HEAD, and watches the run no longer than it takes", async () => {
    const owner = await ownerOf(app.database.db, app.admin);
    const idle = await givenRun(app.database.db, owner, { status: "PAUSED", testSet: await givenTestSet(app.database.db, owner, { name: "Asked by HEAD" }) });
    let open = 0;
    const events = {
      watch: async (...args: Parameters<typeof app.services.runEvents.watch>) => {
        const stream = await app.services.runEvents.watch(...args);
        open += 1;
        const end = stream.return?.bind(stream);
        stream.return = async () => {
          open -= 1;
          return (await end?.()) ?? { done: true, value: undefined };
        };
        return stream;
      },
    };
    const routes = runEventRoutes(events);
    const gateway = await startSampleGateway({ routes: routes.map((route) => (route.public === true ? route : { ...route, handle: (request) => route.handle({ ...request, viewer: app.admin }) })) });
    const response = await fetch(`${gateway.origin}/runs/${idle.id}/events`, { method: "HEAD", headers: AUTHORIZED });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    await expect.poll(() => open).toBe(0);
    await gateway.close(1_000);
  });

  test("keeps silent streams alive, and ends them when the token is revoked or the gateway shuts down", async () => {
    const owner = await ownerOf(app.database.db, app.admin);
    const idle = await givenRun(app.database.db, owner, { status: "PAUSED", testSet: await givenTestSet(app.database.db, owner, { name: "Idle" }) });
    let isRevoked = false;
    const routes = runEventRoutes(app.services.runEvents, { heartbeatMs: 20 });
    const [route] = routes;
    if (route === undefined || route.public === true) throw new Error("the route wants a token");
    const gateway = await startSampleGateway({
      routes: [{ ...route, handle: (request) => route.handle({ ...request, viewer: app.admin, authenticate: () => (isRevoked ? Promise.reject(new UnauthenticatedError("TOKEN_INVALID", "revoked")) : Promise.resolve(app.admin)) }) }],
    });
    const get = (): Promise<Response> => fetch(`${gateway.origin}/runs/${idle.id}/events`, { headers: AUTHORIZED });
    const first = await get();
    const reader = (first.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes(": nothing new\n\n: nothing new\n\n")) text += (await reader.read()).value ?? "";
    expect(text).toMatch(/^retry: 1000\n\nid: /);
    isRevoked = true;
    while (!(await reader.read()).done);
    isRevoked = false;
    const second = await get();
    await Promise.all([second.text(), gateway.close(5_000)]);
  });
});
