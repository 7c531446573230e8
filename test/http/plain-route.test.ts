import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ForbiddenError, RateLimitedError } from "../../src/errors.js";
import type { PlainRoute } from "../../src/http/index.js";
import { AUTHORIZED, type SampleGateway, startSampleGateway } from "./sample-gateway.js";

const state = { returned: 0, produced: 0 };

async function* rows(signal: AbortSignal): AsyncGenerator<string> {
  try {
    for (;;) {
      signal.throwIfAborted();
      state.produced += 1;
      yield "x".repeat(10_000);
    }
  } finally {
    state.returned += 1;
  }
}

const routes: readonly PlainRoute[] = [
  {
    method: "GET",
    path: /^\/runs\/(?<id>[^/]+)\/results\.csv$/,
    handle: ({ params, viewer, send }) => send({ contentType: "text/csv; charset=utf-8", headers: { "content-disposition": 'attachment; filename="results.csv"' }, body: `${params["id"]},${viewer.role}\n` }),
  },
  { method: "GET", path: "/endless", public: true, handle: ({ send, signal }) => send({ contentType: "text/plain", body: rows(signal) }) },
  {
    method: "GET",
    path: "/events",
    public: true,
    handle: ({ send, draining }) =>
      send({
        contentType: "text/event-stream",
        body: (async function* () {
          yield "id: 1\ndata: {}\n\n";
          while (!draining.aborted) await delay(5);
        })(),
      }),
  },
  {
    method: "POST",
    path: "/import",
    handle: async ({ body, send }) => {
      let bytes = 0;
      for await (const chunk of body) bytes += (chunk as Buffer).length;
      await send({ contentType: "application/json", body: JSON.stringify({ bytes }) });
    },
  },
  { method: "GET", path: "/forbidden", handle: () => Promise.reject(new ForbiddenError("ROLE_TOO_LOW", "This needs ADMIN.")) },
  { method: "GET", path: "/limited", handle: () => Promise.reject(new RateLimitedError("RATE_EXCEEDED", "Too fast.", { retryAfterMs: 1_500 })) },
  { method: "GET", path: "/broken", handle: () => Promise.reject(new Error("secret internals at 10.0.0.1")) },
  { method: "GET", path: "/signed", public: true, handle: async ({ authenticate, send }) => send({ contentType: "text/plain", body: (await authenticate()).role }) },
  {
    method: "GET",
    path: "/half",
    public: true,
    handle: ({ send }) =>
      send({
        contentType: "text/plain",
        body: (async function* () {
          yield "half";
          await delay(5);
          throw new Error("secret internals at 10.0.0.1");
        })(),
      }),
  },
];

describe("the rooms' plain routes", () => {
  let gateway: SampleGateway;
  beforeAll(async () => (gateway = await startSampleGateway({ routes })));
  afterAll(() => gateway.close(1_000));

  const get = (path: string, headers: Record<string, string> = AUTHORIZED) => fetch(`${gateway.origin}${path}`, { headers });

  test("get the viewer and the named parts of their path", async () => {
    const response = await get("/runs/a%20b/results.csv");
    expect(await response.text()).toBe("a b,EDITOR\n");
    expect(response.headers.get("content-disposition")).toContain("results.csv");
    expect((await get("/runs/1/results.csv", {})).status).toBe(401);
  });

  test("public ones may ask for the token themselves", async () => {
    expect(await (await get("/signed")).text()).toBe("EDITOR");
    expect((await get("/signed", {})).status).toBe(401);
  });

  test("read their body as a stream", async () => {
    const response = await fetch(`${gateway.origin}/import`, { method: "POST", headers: AUTHORIZED, body: "x".repeat(20_000_000) });
    expect(await response.json()).toEqual({ bytes: 20_000_000 });
  });

  test("answer other methods with 405, and HEAD as GET without a body", async () => {
    const refused = await fetch(`${gateway.origin}/import`, { headers: AUTHORIZED });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
    const head = await fetch(`${gateway.origin}/runs/1/results.csv`, { method: "HEAD", headers: AUTHORIZED });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test("have errors answered by code, masked where nobody expected them", async () => {
    expect(await (await get("/forbidden")).json()).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN", reason: "ROLE_TOO_LOW" } }] });
    const limited = await get("/limited");
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "2"]);
    const broken = await get("/broken");
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain("10.0.0.1");
  });

  test("break the connection when a stream breaks off, so that half an answer is no whole one", async () => {
    const response = await get("/half", {});
    await expect(response.text()).rejects.toThrow();
  });

  test("a stream waits for its reader and is returned when the reader goes", async () => {
    const controller = new AbortController();
    const response = await fetch(`${gateway.origin}/endless`, { signal: controller.signal, headers: { "accept-encoding": "identity" } });
    await response.body?.getReader().read();
    let produced = 0;
    const grewBy = async (): Promise<number> => {
      produced = state.produced;
      await delay(50);
      return state.produced - produced;
    };
    await expect.poll(grewBy).toBe(0);
    expect(produced * 10_000).toBeLessThan(32_000_000);
    controller.abort();
    await expect.poll(() => state.returned).toBe(1);
  });

  test("endless streams end when the gateway shuts down", async () => {
    const other = await startSampleGateway({ routes });
    const response = await fetch(`${other.origin}/events`, { headers: { "accept-encoding": "gzip" } });
    expect([response.headers.get("content-encoding"), response.headers.get("content-type")]).toEqual([null, "text/event-stream"]);
    const startedAt = performance.now();
    await Promise.all([response.text(), other.close(30_000)]);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });
});
