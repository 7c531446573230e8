import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUTHORIZED, post, type SampleGateway, startSampleGateway } from "./sample-gateway.js";

/** The attacks of graphql-cop, each sent by a caller with a token where one could help it. */
describe("the attacks of graphql-cop", () => {
  let gateway: SampleGateway;
  beforeAll(async () => (gateway = await startSampleGateway({ settings: { introspection: false } })));
  afterAll(() => gateway.close(1_000));

  const send = (init: RequestInit & { search?: string }) => fetch(`${gateway.url}${init.search ?? ""}`, init);

  test("alias overloading: 101 aliases of one field are refused", async () => {
    const { data, errors } = await post(gateway, `query cop { ${Array.from({ length: 101 }, (_, index) => `alias${index}: __typename`).join(" ")} }`);
    expect(data?.["alias100"]).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: "QUERY_TOO_COMPLEX" } }]);
  });

  test("batching: a list of operations is refused", async () => {
    const response = await send({ method: "POST", headers: { ...AUTHORIZED, "content-type": "application/json" }, body: JSON.stringify(Array.from({ length: 10 }, () => ({ query: "query cop { __typename }" }))) });
    expect(response.status).toBe(400);
    expect(Array.isArray(await response.json())).toBe(false);
  });

  test("circular introspection is refused", async () => {
    const { data } = await post(gateway, "query cop { __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }");
    expect(data ?? null).toBeNull();
  });

  test("directive overloading: ten unknown directives do not give ten errors", async () => {
    const { errors } = await post(gateway, "query cop { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }");
    expect(errors?.length).toBeGreaterThan(0);
    expect(errors?.length).toBeLessThan(10);
  });

  test("field suggestions are not given", async () => {
    const { errors } = await post(gateway, "query cop { hell things { nodes { parnt { id } } } __schem { directive } }");
    expect(JSON.stringify(errors)).not.toContain("Did you mean");
  });

  test("introspection is refused where it is off", async () => {
    const { data, errors } = await post(gateway, "query cop { __schema { types { name fields { name } } } }");
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED", reason: "INTROSPECTION_OFF" } }]);
  });

  test("no explorer answers at the endpoint", async () => {
    const response = await send({ headers: { ...AUTHORIZED, accept: "text/html" } });
    expect(response.headers.get("content-type")).not.toContain("html");
    expect(await response.text()).not.toMatch(/graphiql|playground|<html/i);
  });

  test("queries by GET need the token, which no other site can send", async () => {
    const response = await send({ search: "?query=query+cop+%7B__typename%7D" });
    expect(response.status).toBe(401);
  });

  test("mutations by GET are refused", async () => {
    const response = await send({ search: "?query=mutation+cop+%7B__typename%7D", headers: AUTHORIZED });
    expect(response.status).toBe(405);
    expect(await response.text()).not.toContain('"data"');
  });

  test("operations in form encoding are refused", async () => {
    const response = await send({ method: "POST", headers: AUTHORIZED, body: new URLSearchParams({ query: "query cop { __typename }" }) });
    expect(response.status).toBe(415);
  });

  test("no tracing is answered", async () => {
    const response = await send({ method: "POST", headers: { ...AUTHORIZED, "content-type": "application/json", "apollo-federation-include-trace": "ftv1" }, body: '{"query":"query cop { __typename }"}' });
    expect(await response.json()).toEqual({ data: { __typename: "Query" } });
  });

  test("a broken document gives no stack and nothing of the inside", async () => {
    const { errors } = await post(gateway, "qwerty cop { abc }");
    expect(errors).toMatchObject([{ extensions: { code: "GRAPHQL_PARSE_FAILED" } }]);
    expect(JSON.stringify(errors)).not.toMatch(/stacktrace|exception|node_modules/);
  });
});
