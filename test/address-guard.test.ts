import { once } from "node:events";
import { createServer } from "node:https";
import { BlockList } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { connectGuardedTls, createOutbound, isPrivateLiteral } from "../src/address-guard.js";
import { type FakeEndpoint, startFakeEndpoint } from "./support/fake-endpoint.js";
import { LOCALHOST_CERTIFICATE } from "./support/localhost-certificate.js";

let server: FakeEndpoint;
beforeAll(async () => {
  server = await startFakeEndpoint();
});
afterAll(() => server.close());

describe("isPrivateLiteral", () => {
  it.each(["127.0.0.1", "127.255.0.9", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "2130706433", "0x7f000001", "017700000001", "127.1", "localhost", "LOCALHOST", "localhost.", "x.localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[fe80::1]", "[fc00::1]", "[fdff::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]"])("is true of %s", (host) => {
    expect(isPrivateLiteral(new URL(`http://${host}/`))).toBe(true);
  });
  it.each(["example.com", "8.8.8.8", "172.32.0.1", "100.128.0.1", "11.0.0.1", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "localhost.example.com", "127.0.0.1.example.com"])("is false of %s", (host) => {
    expect(isPrivateLiteral(new URL(`http://${host}/`))).toBe(false);
  });
});

describe("createOutbound", () => {
  it("lets fetch reach private addresses only where they are allowed", async () => {
    const open = createOutbound({ allowPrivate: true });
    expect(await (await open.fetch(server.url, { method: "POST", body: '{"input":"hi"}' })).json()).toEqual({ output: "echo: hi" });
    const guarded = createOutbound({ allowPrivate: false });
    for (const url of [server.url, server.url.replace("127.0.0.1", "localhost"), server.url.replace("127.0.0.1", "0x7f.1")]) {
      await expect(guarded.fetch(url)).rejects.toMatchObject({ cause: { code: "ERR_IP_BLOCKED" } });
    }
    expect(server.requests).toHaveLength(1);
    await open.close();
    await guarded.close();
  });

  it("refuses a private address over TLS, before the handshake", async () => {
    let connections = 0;
    const tls = createServer().on("connection", () => (connections += 1));
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    const guarded = createOutbound({ allowPrivate: false });
    for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"]) {
      await expect(guarded.fetch(`https://${host}:${(tls.address() as { port: number }).port}/`)).rejects.toMatchObject({ cause: { code: "ERR_IP_BLOCKED" } });
    }
    expect(connections).toBe(0);
    tls.close();
  });

  it("lets TLS through to other addresses, for fetch and for sockets, with the certificate checked", async () => {
    setDefaultCACertificates([...getCACertificates(), LOCALHOST_CERTIFICATE.cert]);
    const tls = createServer(LOCALHOST_CERTIFICATE, (_request, response) => response.end("hello"));
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    const { port } = tls.address() as { port: number };
    const guarded = createOutbound({ allowPrivate: false });
    const check = vi.spyOn(BlockList.prototype, "check").mockReturnValue(false); // as of a public address
    try {
      for (const host of ["localhost", "127.0.0.1"]) {
        expect(await (await guarded.fetch(`https://${host}:${port}/`)).text()).toBe("hello");
        const socket = connectGuardedTls({ host, port });
        await once(socket, "secureConnect");
        expect(socket.authorized).toBe(true);
        socket.destroy();
      }
      expect(check).toHaveBeenCalled();
    } finally {
      check.mockRestore();
      setDefaultCACertificates(getCACertificates("bundled"));
      await guarded.close();
      tls.close();
    }
  });

  it("makes a redirect an error, as it could lead to a private address", async () => {
    const open = createOutbound({ allowPrivate: true });
    server.answerNext({ status: 302, headers: { location: `${server.url}/elsewhere` } });
    await expect(open.fetch(server.url)).rejects.toThrow();
    expect(server.requests.filter((request) => request.path === "/elsewhere")).toEqual([]);
    await open.close();
  });
});
