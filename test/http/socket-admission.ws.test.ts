import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../src/viewer.js";
import { type SampleGateway, startSampleGateway, viewer } from "./sample-gateway.js";
import { refusedUpgrade, SampleSocket } from "./sample-socket.js";

describe("who may open a WebSocket", () => {
  let gateway: SampleGateway;
  beforeAll(async () => (gateway = await startSampleGateway({ tuning: { reauthenticateMs: 30 } })));
  afterAll(() => gateway.close(1_000));

  test("a token in connection_init opens it, in any writing of its name", async () => {
    for (const name of ["authorization", "Authorization"]) {
      const socket = await SampleSocket.open(gateway);
      socket.send({ type: "connection_init", payload: { [name]: "Bearer valid-token" } });
      await socket.until(({ type }) => type === "connection_ack");
      socket.socket.close();
    }
  });

  test("a token in the upgrade's header opens it, too", async () => {
    const socket = await SampleSocket.open(gateway, { headers: { authorization: "Bearer valid-token" } });
    socket.send({ type: "connection_init" });
    await socket.until(({ type }) => type === "connection_ack");
    socket.socket.close();
  });

  test.each([
    ["no token", undefined, "TOKEN_MISSING"],
    ["an unknown token", { authorization: "Bearer nobodys-token" }, "TOKEN_INVALID"],
    ["a token that is no text", { authorization: 7 }, "TOKEN_MISSING"],
  ])("%s closes it with 4401", async (_case, payload, reason) => {
    const socket = await SampleSocket.open(gateway);
    socket.send({ type: "connection_init", payload });
    expect(await socket.closed).toEqual({ code: 4401, reason });
  });

  test("an operation before the token closes it with 4401", async () => {
    const socket = await SampleSocket.open(gateway);
    socket.subscribe("1", "{ hello }");
    expect(await socket.closed).toMatchObject({ code: 4401 });
  });

  test("a token that cannot be looked up closes it with a code that lets clients try again", async () => {
    gateway.tokens.isDatabaseDown = true;
    const socket = await SampleSocket.open(gateway);
    socket.send({ type: "connection_init", payload: { authorization: "Bearer valid-token" } });
    expect(await socket.closed).toEqual({ code: 1013, reason: "OVERLOADED" });
    gateway.tokens.isDatabaseDown = false;
  });

  test("a token that ends while connected closes it with 4403 at that time", async () => {
    gateway.tokens.viewers.set("short-token", viewer(Role.VIEWER, new Date(Date.now() + 1_500))); // time enough to connect
    const socket = await SampleSocket.connect(gateway, { token: "short-token" });
    expect(await socket.closed).toEqual({ code: 4403, reason: "TOKEN_EXPIRED" });
  });

  test("a token that is revoked while connected closes it with 4403 soon", async () => {
    gateway.tokens.viewers.set("other-token", viewer(Role.VIEWER, null));
    const [socket, untouched] = [await SampleSocket.connect(gateway, { token: "other-token" }), await SampleSocket.connect(gateway)];
    gateway.tokens.viewers.delete("other-token");
    expect(await socket.closed).toEqual({ code: 4403, reason: "TOKEN_INVALID" });
    expect(untouched.socket.readyState).toBe(untouched.socket.OPEN);
    untouched.socket.close();
  });

  test("a database that cannot be reached closes no open socket", async () => {
    const socket = await SampleSocket.connect(gateway);
    gateway.tokens.isDatabaseDown = true;
    await new Promise((resolve) => setTimeout(resolve, 90));
    gateway.tokens.isDatabaseDown = false;
    expect(socket.socket.readyState).toBe(socket.socket.OPEN);
    socket.socket.close();
  });

  test("a role that changes while connected holds for the next operation", async () => {
    gateway.tokens.viewers.set("third-token", viewer(Role.ADMIN, null));
    const socket = await SampleSocket.connect(gateway, { token: "third-token" });
    gateway.tokens.viewers.set("third-token", viewer(Role.VIEWER, null));
    await expect
      .poll(async () => {
        const id = String(socket.messages.length);
        socket.subscribe(id, "{ role }");
        return (await socket.until((message) => message.id === id && message.type === "next")).payload.data.role as string;
      })
      .toBe("VIEWER");
    socket.socket.close();
  });

  test("pages of other origins are refused, listed ones and the gateway's own are not", async () => {
    const url = gateway.url.replace("http", "ws");
    expect(await refusedUpgrade(url, { origin: "https://evil.example.com" })).toBe(403);
    for (const origin of ["https://app.example.com", gateway.origin]) (await SampleSocket.open(gateway, { headers: { origin } })).socket.close();
  });

  test("a socket more than the process keeps is closed with 1013", async () => {
    const small = await startSampleGateway({ tuning: { sockets: 1 } });
    const first = await SampleSocket.connect(small);
    const second = await SampleSocket.open(small);
    expect(await second.closed).toEqual({ code: 1013, reason: "OVERLOADED" });
    expect(first.socket.readyState).toBe(first.socket.OPEN);
    first.socket.close();
    await small.close(1_000);
  });

  test("other paths are refused", async () => {
    expect(await refusedUpgrade(`${gateway.origin.replace("http", "ws")}/other`, {})).toBe(404);
  });
});
