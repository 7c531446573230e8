import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "../../src/http/index.js";
import { Role } from "../../src/viewer.js";
import { AUTHORIZED, post, type SampleGateway, startSampleGateway, viewer } from "./sample-gateway.js";

interface ErrorBody {
  errors: [{ message: string; extensions: Record<string, unknown> }];
}

describe("the HTTP door", () => {
  let gateway: SampleGateway;
  beforeAll(async () => (gateway = await startSampleGateway()));
  afterAll(() => gateway.close(1_000));

  async function refused(init: RequestInit & { path?: string; duplex?: "half" }): Promise<{ status: number; headers: Headers; error: ErrorBody["errors"][0] }> {
    const response = await fetch(`${gateway.origin}${init.path ?? "/graphql"}`, init);
    const { errors } = (await response.json()) as ErrorBody;
    return { status: response.status, headers: response.headers, error: errors[0] };
  }

  describe("without a good token", () => {
    const body = JSON.stringify({ query: "{ hello }" });

    test.each([
      ["none", {}, "TOKEN_MISSING"],
      ["an unknown one", { authorization: "Bearer nobodys-token" }, "TOKEN_INVALID"],
      ["one of another scheme", { authorization: "Basic dXNlcjpwYXNz" }, "TOKEN_INVALID"],
      ["one that is over", { authorization: "Bearer old-token" }, "TOKEN_EXPIRED"],
    ])("%s is answered with 401, UNAUTHENTICATED", async (_case, headers, reason) => {
      gateway.tokens.viewers.set("old-token", viewer(Role.ADMIN, new Date(0)));
      const answer = await refused({ method: "POST", headers: { "content-type": "application/json", ...(headers as Record<string, string>) }, body });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.error.extensions).toEqual({ code: "UNAUTHENTICATED", reason });
    });

    test("every path but the public ones asks for one, whether it exists or not", async () => {
      for (const path of ["/graphql", "/runs/1/results.csv", "/nothing"]) expect((await refused({ path })).status).toBe(401);
      for (const path of ["/healthz", "/readyz"]) expect((await fetch(`${gateway.origin}${path}`)).status).toBe(200);
    });
  });

  test("GET answers queries by the token alone, and refuses mutations with 405", async () => {
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent("query($n: String!) { hello(name: $n) }")}&variables=${encodeURIComponent('{"n":"me"}')}`, { headers: AUTHORIZED });
    expect(await response.json()).toEqual({ data: { hello: "hello me" } });
    const refusal = await fetch(`${gateway.url}?query=${encodeURIComponent("mutation { setValue(value: 1) { value } }")}`, { headers: AUTHORIZED });
    expect(refusal.status).toBe(405);
  });

  test("a body that is no JSON, of another media type or compressed is refused", async () => {
    const send = (contentType: string, body: string, more: Record<string, string> = {}) => refused({ method: "POST", headers: { ...AUTHORIZED, "content-type": contentType, ...more }, body });
    expect(await send("application/json", "{")).toMatchObject({ status: 400, error: { extensions: { code: "BAD_USER_INPUT", reason: "BODY_NOT_JSON" } } });
    expect(await send("text/plain", "{}")).toMatchObject({ status: 415, error: { extensions: { reason: "MEDIA_TYPE_UNSUPPORTED" } } });
    expect(await send("application/json; charset=utf-16", "{}")).toMatchObject({ status: 415 });
    expect(await send("application/json", "{}", { "content-encoding": "gzip" })).toMatchObject({ status: 415 });
    expect(await send("application/json", "{}")).toMatchObject({ status: 400, error: { extensions: { code: "BAD_USER_INPUT", reason: "REQUEST_INVALID" } } });
    expect(await send("application/json", "7")).toMatchObject({ status: 400, error: { extensions: { reason: "REQUEST_INVALID" } } });
  });

  test("a body over the limit is refused with 413, announced or streamed", async () => {
    const headers = { ...AUTHORIZED, "content-type": "application/json" };
    const tooLarge = "x".repeat(LIMITS.bodyBytes + 1);
    expect(await refused({ method: "POST", headers, body: tooLarge })).toMatchObject({ status: 413, error: { extensions: { code: "BAD_USER_INPUT", reason: "BODY_TOO_LARGE" } } });
    const stream = new Blob([tooLarge]).stream();
    expect(await refused({ method: "POST", headers, body: stream, duplex: "half" })).toMatchObject({ status: 413 });
  });

  test("other methods are refused with 405 and those that there are", async () => {
    const answer = await refused({ method: "PUT", headers: AUTHORIZED });
    expect(answer).toMatchObject({ status: 405, error: { extensions: { reason: "METHOD_NOT_ALLOWED" } } });
    expect(answer.headers.get("allow")).toBe("GET, POST, OPTIONS");
  });

  test("an unknown path is 404 for those with a token", async () => {
    expect(await refused({ path: "/nothing", headers: AUTHORIZED })).toMatchObject({ status: 404, error: { extensions: { code: "NOT_FOUND", reason: "PATH_UNKNOWN" } } });
  });

  test("a path that cannot be read is 400, and the server lives on", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write("GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = "";
    for await (const chunk of socket) head += String(chunk);
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${gateway.origin}/healthz`)).status).toBe(200);
  });

  test("a client that offers HTTP/2 by an upgrade header is answered over HTTP/1.1", async () => {
    const status = await new Promise<number | undefined>((resolve) => {
      httpRequest(`${gateway.origin}/healthz`, { headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQ" } }, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(status).toBe(200);
  });

  test("each answer has a request id: the caller's, or a new one where that is unfit", async () => {
    const given = await post(gateway, "{ requestId }", {}, { "x-request-id": "trace-1" });
    expect([given.headers.get("x-request-id"), given.data?.["requestId"]]).toEqual(["trace-1", "trace-1"]);
    const unfit = await post(gateway, "{ requestId }", {}, { "x-request-id": "a b".repeat(50) });
    expect(unfit.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("large answers are compressed for those who ask", async () => {
    const query = "{ text(characters: 100000) }";
    const compressed = await post(gateway, query, {}, { "accept-encoding": "gzip" });
    expect(compressed.headers.get("content-encoding")).toBe("gzip");
    expect(Number(compressed.headers.get("content-length"))).toBeLessThan(5_000);
    expect(compressed.data?.["text"]).toHaveLength(100_000);
    expect((await post(gateway, query, {}, { "accept-encoding": "identity" })).headers.get("content-encoding")).toBeNull();
    expect((await post(gateway, query, {}, { "accept-encoding": "gzip;q=0" })).headers.get("content-encoding")).toBeNull();
    expect((await post(gateway, "{ hello }", {}, { "accept-encoding": "gzip" })).headers.get("content-encoding")).toBeNull();
  });

  describe("CORS", () => {
    const preflight = (origin: string) => fetch(gateway.url, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type" } });

    test("a listed origin may send a token and read the answer", async () => {
      const allowed = await preflight("https://app.example.com");
      expect(allowed.status).toBe(204);
      expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
      expect(allowed.headers.get("access-control-allow-headers")).toContain("authorization");
      expect(allowed.headers.get("access-control-allow-methods")).toContain("POST");
      const answer = await post(gateway, "{ hello }", {}, { origin: "https://app.example.com" });
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
      expect(answer.headers.get("access-control-expose-headers")).toContain("x-request-id");
      expect(answer.headers.get("vary")).toContain("Origin");
    });

    test("others may not, and no answer allows credentials or everyone", async () => {
      for (const origin of ["https://evil.example.com", "https://app.example.com.evil.com", "null"]) {
        const response = await preflight(origin);
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
        expect(response.headers.get("access-control-allow-methods")).toBeNull();
        expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      }
    });

    test("a refusal can be read, too", async () => {
      const response = await fetch(gateway.url, { method: "POST", headers: { origin: "https://app.example.com" }, body: "{}" });
      expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([401, "https://app.example.com"]);
    });
  });
});
