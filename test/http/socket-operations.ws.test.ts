import type { Client } from "graphql-ws";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LIMITS } from "../../src/http/index.js";
import { type SampleGateway, startSampleGateway } from "./sample-gateway.js";
import { answersOf, frontendClient, SampleSocket } from "./sample-socket.js";

describe("operations over a WebSocket", () => {
  let gateway: SampleGateway;
  let client: Client;
  beforeAll(async () => {
    gateway = await startSampleGateway();
    client = frontendClient(gateway);
  });
  beforeEach(() => {
    gateway.watched.contexts.length = 0;
    gateway.watched.value = 0;
    gateway.watched.abortedSignals = 0;
  });
  afterAll(async () => {
    await client.dispose();
    await gateway.close(1_000);
  });

  test("queries and mutations run as over HTTP, every mutation field with loaders of its own", async () => {
    expect(await answersOf(client, "{ hello role }")).toEqual([{ data: { hello: "hello you", role: "EDITOR" } }]);
    expect(await answersOf(client, "mutation { a: setValue(value: 1) { value } b: setValue(value: 2) { value } }")).toEqual([{ data: { a: { value: 1 }, b: { value: 2 } } }]);
  });

  test("a subscription answers each event and completes with its source", async () => {
    expect(await answersOf(client, "subscription { ticks(count: 3) }")).toEqual([1, 2, 3].map((ticks) => ({ data: { ticks } })));
    expect(gateway.watched.openSources).toBe(0);
  });

  test("every event has a context of its own, whose loaders know nothing old", async () => {
    expect(await answersOf(client, "subscription { values }")).toEqual([1, 2, 3].map((values) => ({ data: { values } })));
    const { contexts } = gateway.watched;
    expect(new Set(contexts).size).toBe(3);
    expect(new Set(contexts.map(({ loaders }) => loaders)).size).toBe(3);
    expect(new Set(contexts.map(({ requestId }) => requestId)).size).toBe(1);
  });

  test("an operation past its deadline is answered with TIMEOUT", async () => {
    const hasty = await startSampleGateway({ tuning: { requestTimeoutMs: 150 } });
    const asking = frontendClient(hasty);
    expect(await answersOf(asking, "{ stuck }")).toMatchObject([{ errors: [{ extensions: { code: "TIMEOUT" } }] }]);
    expect(hasty.watched.abortedSignals).toBe(1);
    await asking.dispose();
    await hasty.close(1_000);
  });

  describe("errors", () => {
    const masked = { message: expect.stringContaining("Something went wrong inside") as string, extensions: { code: "INTERNAL_SERVER_ERROR", reason: "INTERNAL", requestId: expect.any(String) as string } };

    test("of a field are translated as over HTTP", async () => {
      expect(await answersOf(client, "{ hello broken missing }")).toMatchObject([{ data: { hello: "hello you", broken: null }, errors: [masked, { path: ["missing"], extensions: { code: "NOT_FOUND" } }] }]);
    });

    test("of a subscription that cannot be opened, too", async () => {
      expect(await answersOf(client, "subscription { refused }")).toMatchObject([{ errors: [{ path: ["refused"], extensions: { code: "NOT_FOUND", reason: "NOT_FOUND" } }] }]);
    });

    test("of a source, which have no path, too; the subscription ends with them", async () => {
      const socket = await SampleSocket.connect(gateway);
      socket.subscribe("1", "subscription { breaking }");
      expect((await socket.until(({ type }) => type === "error")).payload).toMatchObject([masked]);
      expect(socket.messages.map(({ type }) => type)).toEqual(["connection_ack", "next", "error"]);
      expect(JSON.stringify(socket.messages)).not.toContain("10.0.0.1");
      socket.socket.close();
    });

    test.each([
      ["a document that is none", "{ hello", "GRAPHQL_PARSE_FAILED"],
      ["a document against the schema", "{ hell }", "GRAPHQL_VALIDATION_FAILED"],
      ["a document of several operations without a name", "query A { hello } query B { hello }", "BAD_USER_INPUT"],
      ["too many words", `{ ${"hello ".repeat(LIMITS.tokens)} }`, "QUERY_TOO_COMPLEX"],
      ["too many aliases", `{ ${Array.from({ length: 101 }, (_, index) => `a${index}: __typename`).join(" ")} }`, "QUERY_TOO_COMPLEX"],
      ["too high a price", "{ dear { id } a: dear { id } }", "QUERY_TOO_COMPLEX"],
      ["circular introspection", "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", "QUERY_TOO_COMPLEX"],
      ["a field that no event may compute", "subscription { thing { ...A } } fragment A on Thing { parent { raw } }", "QUERY_TOO_COMPLEX"],
    ])("refuse %s", async (_case, query, code) => {
      const failure = await answersOf(client, query).catch((error: unknown) => error);
      expect(failure).toMatchObject([{ extensions: { code, reason: expect.any(String) as string } }]);
      expect(JSON.stringify(failure)).not.toContain("Did you mean");
    });

    test("refuse an operation more than a socket may run", async () => {
      const socket = await SampleSocket.connect(gateway);
      for (let index = 0; index <= LIMITS.operationsPerSocket; index += 1) socket.subscribe(String(index), "subscription { silent }");
      const refusal = await socket.until(({ type }) => type === "error");
      expect(refusal).toMatchObject({ id: String(LIMITS.operationsPerSocket), payload: [{ extensions: { code: "RATE_LIMITED", reason: "TOO_MANY_OPERATIONS" } }] });
      await expect.poll(() => gateway.watched.openSources).toBe(LIMITS.operationsPerSocket);
      socket.socket.terminate();
      await expect.poll(() => gateway.watched.openSources).toBe(0);
    });
  });

  describe("sources are returned and their signals aborted at once", () => {
    test("when the client completes", async () => {
      const socket = await SampleSocket.connect(gateway);
      socket.subscribe("1", "subscription { silent }");
      await expect.poll(() => gateway.watched.openSources).toBe(1);
      socket.send({ id: "1", type: "complete" });
      await expect.poll(() => [gateway.watched.openSources, gateway.watched.abortedSignals]).toEqual([0, 1]);
      socket.socket.close();
    });

    test("when the socket closes, even those that are generators waiting for ever", async () => {
      const socket = await SampleSocket.connect(gateway);
      socket.subscribe("1", "subscription { silent }");
      socket.subscribe("2", "subscription { generated }");
      await socket.until(({ type }) => type === "next");
      socket.socket.terminate();
      await expect.poll(() => [gateway.watched.openSources, gateway.watched.abortedSignals]).toEqual([0, 2]);
    });
  });

  test("a reader that stops reading stops its source, and is cut when it answers no ping", async () => {
    const other = await startSampleGateway({ tuning: { keepAliveMs: 400 } });
    const socket = await SampleSocket.connect(other);
    socket.subscribe("1", "subscription { flood }");
    await socket.until(({ type }) => type === "next");
    socket.socket.pause();
    let produced = 0;
    const grewBy = async (): Promise<number> => {
      produced = other.watched.produced;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return other.watched.produced - produced;
    };
    await expect.poll(grewBy).toBe(0);
    expect(produced * 20_000).toBeLessThan(32_000_000);
    await expect.poll(() => other.watched.openSources).toBe(0);
    socket.socket.terminate();
    await other.close(1_000);
  });

  test("a message over the limit closes the socket", async () => {
    const socket = await SampleSocket.connect(gateway);
    socket.subscribe("1", `{ hello(name: "${"x".repeat(LIMITS.socketMessageBytes)}") }`);
    expect(await socket.closed).toMatchObject({ code: 1009 });
  });
});
