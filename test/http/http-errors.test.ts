import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLogger } from "../../src/log.js";
import { AUTHORIZED, post, type SampleGateway, startSampleGateway } from "./sample-gateway.js";

describe("errors over HTTP", () => {
  const logged: unknown[][] = [];
  let gateway: SampleGateway;

  beforeAll(async () => {
    const log = createLogger({ level: "silent", service: "test" });
    log.error = (...args: unknown[]) => void logged.push(args);
    gateway = await startSampleGateway({ log });
  });
  afterAll(() => gateway.close(1_000));

  test("what nobody expected is masked and logged once with the request's id", async () => {
    logged.length = 0;
    const answer = await post(gateway, "{ hello broken }", {}, { "x-request-id": "trace-2" });
    expect(answer).toMatchObject({ status: 200, data: { hello: "hello you", broken: null } });
    expect(answer.errors).toMatchObject([{ path: ["broken"], extensions: { code: "INTERNAL_SERVER_ERROR", reason: "INTERNAL", requestId: "trace-2" } }]);
    expect(JSON.stringify(answer.errors)).not.toContain("10.0.0.1");
    expect(logged).toMatchObject([[{ requestId: "trace-2", err: { message: expect.stringContaining("10.0.0.1") as string } }, expect.any(String)]]);
  });

  test("a domain error keeps its message, code and reason", async () => {
    const { errors } = await post(gateway, "{ missing }");
    expect(errors).toMatchObject([{ message: expect.stringContaining("thing") as string, path: ["missing"], extensions: { code: "NOT_FOUND", reason: "NOT_FOUND" } }]);
  });

  test("a wrong document names what is wrong, and no names of the schema", async () => {
    const invalid = await post(gateway, "{ helo }");
    expect(invalid.errors).toMatchObject([{ message: 'Cannot query field "helo" on type "Query".', extensions: { code: "GRAPHQL_VALIDATION_FAILED", reason: "DOCUMENT_INVALID" } }]);
    const unreadable = await post(gateway, "{ hello");
    expect(unreadable.errors).toMatchObject([{ extensions: { code: "GRAPHQL_PARSE_FAILED", reason: "SYNTAX_ERROR" } }]);
  });

  test("wrong variables are BAD_USER_INPUT with every problem's field, and no value that would have been right", async () => {
    const { errors } = await post(gateway, "query($input: Sample!) { echo(input: $input) }", { input: { count: "x", color: "GREE" } });
    expect(errors?.map(({ extensions }) => extensions)).toMatchObject([
      { code: "BAD_USER_INPUT", reason: "INPUT_INVALID", problems: [{ field: "input.count" }] },
      { code: "BAD_USER_INPUT", reason: "INPUT_INVALID", problems: [{ field: "input.color" }] },
    ]);
    expect(JSON.stringify(errors)).not.toContain("GREEN");
    const missing = await post(gateway, "query($input: Sample!) { echo(input: $input) }");
    expect(missing.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", problems: [{ field: "input" }] } }]);
  });

  test("an operation past its deadline is aborted and answered with TIMEOUT", async () => {
    const hasty = await startSampleGateway({ tuning: { requestTimeoutMs: 100 } });
    const answer = await post(hasty, "{ stuck }");
    expect(answer).toMatchObject({ status: 200, errors: [{ extensions: { code: "TIMEOUT", reason: "DEADLINE_PASSED" } }] });
    expect((await post(hasty, "{ stuck }", {}, { accept: "application/graphql-response+json" })).status).toBe(504);
    expect(hasty.watched.abortedSignals).toBe(2);
    await hasty.close(1_000);
  });

  test("a caller who goes away aborts what it asked for", async () => {
    const { watched } = gateway;
    const controller = new AbortController();
    const answer = fetch(gateway.url, { method: "POST", headers: { ...AUTHORIZED, "content-type": "application/json" }, body: '{"query":"{ stuck }"}', signal: controller.signal });
    const rejected = expect(answer).rejects.toThrow("aborted");
    await expect.poll(() => watched.stuck).toBe(1);
    controller.abort();
    await rejected;
    await expect.poll(() => watched.abortedSignals).toBe(1);
  });

  test("a subscription over HTTP says where subscriptions run", async () => {
    const { errors } = await post(gateway, "subscription { ticks(count: 1) }");
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", reason: "SUBSCRIPTION_NEEDS_WEBSOCKET" } }]);
  });

  test("a token that cannot be looked up is an error inside, not a wrong token", async () => {
    gateway.tokens.isDatabaseDown = true;
    const answer = await post(gateway, "{ hello }");
    gateway.tokens.isDatabaseDown = false;
    expect(answer).toMatchObject({ status: 500, errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }] });
    expect(JSON.stringify(answer.errors)).not.toContain("10.0.0.1");
  });
});

describe("too many requests at once", () => {
  test("are answered with 503, OVERLOADED, and when to come back", async () => {
    const gateway = await startSampleGateway({ tuning: { requestsInFlight: 1, requestTimeoutMs: 200 } });
    const stuck = post(gateway, "{ stuck }");
    await expect.poll(() => gateway.watched.stuck).toBe(1);
    const refused = await post(gateway, "{ hello }");
    expect(refused).toMatchObject({ status: 503, errors: [{ extensions: { code: "OVERLOADED", reason: "TOO_MANY_REQUESTS" } }] });
    expect(refused.headers.get("retry-after")).toBe("1");
    await stuck;
    expect((await post(gateway, "{ hello }")).status).toBe(200);
    await gateway.close(1_000);
  });
});

describe("loaders", () => {
  test("every root field of a mutation answers what was read after its own write", async () => {
    const gateway = await startSampleGateway();
    const { data } = await post(gateway, "mutation { a: setValue(value: 1) { value } b: setValue(value: 2) { value } c: setValue(value: 3) { value } }");
    expect(data).toEqual({ a: { value: 1 }, b: { value: 2 }, c: { value: 3 } });
    await gateway.close(1_000);
  });
});
