import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { HostUnusableError, PortInUseError } from "../../src/http/index.js";
import { post, startSampleGateway } from "./sample-gateway.js";
import { SampleSocket } from "./sample-socket.js";

async function textOf(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe("closing", () => {
  test("asks sockets to come again, returns their sources and ends with the last connection", async () => {
    const gateway = await startSampleGateway();
    const socket = await SampleSocket.connect(gateway);
    socket.subscribe("1", "subscription { silent }");
    await expect.poll(() => gateway.watched.openSources).toBe(1);
    const startedAt = performance.now();
    await Promise.all([gateway.close(30_000), gateway.close(30_000)]);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(await socket.closed).toMatchObject({ code: 1001 });
    expect(gateway.watched.openSources).toBe(0);
  });

  test("lets a request finish, and is not held up by connections that callers keep", async () => {
    const gateway = await startSampleGateway({ tuning: { requestTimeoutMs: 200 } });
    await post(gateway, "{ hello }"); // fetch keeps its connection
    const answer = post(gateway, "{ stuck }");
    await expect.poll(() => gateway.watched.stuck).toBe(1);
    const startedAt = performance.now();
    const closed = gateway.close(30_000);
    expect(await answer).toMatchObject({ errors: [{ extensions: { code: "TIMEOUT" } }] });
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await expect(fetch(`${gateway.origin}/healthz`)).rejects.toThrow();
  });

  test("says on /readyz that it is going, and takes no more sockets", async () => {
    const gateway = await startSampleGateway();
    // Requests that are half there when the closing begins are answered still.
    const [asking, upgrading] = [connect(gateway.port, "127.0.0.1"), connect(gateway.port, "127.0.0.1")];
    asking.write("GET /readyz HTTP/1.1\r\nHost: x\r\n");
    upgrading.write("GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    // They are half there once a later connection is answered: connections are taken in their order.
    await Promise.all([asking, upgrading].filter((socket) => socket.connecting).map((socket) => once(socket, "connect")));
    await (await fetch(`${gateway.origin}/healthz`)).text();
    const closed = gateway.close(10_000);
    asking.write("\r\n");
    upgrading.write("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    expect(await textOf(asking)).toMatch(/^HTTP\/1\.1 503 [^]*connection: close[^]*shutting down/i);
    expect(await textOf(upgrading)).toMatch(/^HTTP\/1\.1 503 /);
    await closed;
  });

  test("cuts what is left after the grace: a dead socket and an endless request", async () => {
    const gateway = await startSampleGateway();
    const socket = await SampleSocket.connect(gateway);
    socket.subscribe("1", "subscription { silent }");
    const stuck = post(gateway, "{ stuck }").catch((error: unknown) => error);
    await expect.poll(() => gateway.watched.openSources).toBe(1);
    socket.socket.pause(); // never sees the close frame, so never answers it
    const startedAt = performance.now();
    await gateway.close(300);
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(280);
    expect(tookMs).toBeLessThan(15_000); // without the cut, ws would wait 30 s
    expect(await stuck).toBeInstanceOf(Error);
    await expect.poll(() => [gateway.watched.openSources, gateway.watched.abortedSignals]).toEqual([0, 2]);
    socket.socket.terminate();
  });
});

describe("health", () => {
  test("/readyz is 503 with the reason until the gateway can serve", async () => {
    let isReady: () => Promise<boolean> = () => Promise.resolve(false);
    const gateway = await startSampleGateway({ isReady: () => isReady() });
    const ask = async (): Promise<[number, unknown]> => {
      const response = await fetch(`${gateway.origin}/readyz`);
      return [response.status, await response.json()];
    };
    expect(await ask()).toEqual([503, { status: "unavailable", reason: expect.stringContaining("database") as string }]);
    isReady = () => Promise.reject(new Error("secret internals at 10.0.0.1"));
    expect(await ask()).toEqual([503, { status: "unavailable", reason: "the database cannot be reached" }]);
    isReady = () => Promise.resolve(true);
    expect(await ask()).toEqual([200, { status: "ready" }]);
    expect((await fetch(`${gateway.origin}/healthz`)).status).toBe(200);
    await gateway.close(1_000);
  });
});

describe("listening", () => {
  test("a port in use is named with the next step", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve));
    const { port } = blocker.address() as { port: number };
    const failure: unknown = await startSampleGateway({ settings: { port } }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PortInUseError);
    expect((failure as Error).message).toBe(`Port ${port} on 127.0.0.1 is in use by another process. Stop that process, or set PORT to another port (PORT=0 picks a free one).`);
    blocker.close();
  });

  test("a host that is not this machine's is named with the next step", async () => {
    const failure: unknown = await startSampleGateway({ settings: { host: "192.0.2.1" } }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HostUnusableError);
    expect((failure as Error).message).toContain("192.0.2.1");
  });

  test("the URL has the real port, and an IPv6 host in brackets", async () => {
    const gateway = await startSampleGateway({ settings: { host: "::1" } });
    expect(gateway.url).toBe(`http://[::1]:${gateway.port}/graphql`);
    expect(gateway.port).toBeGreaterThan(0);
    await gateway.close(1_000);
  });
});
