import { auditServer } from "graphql-http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUTHORIZED, type SampleGateway, startSampleGateway } from "./sample-gateway.js";

describe("GraphQL over HTTP", () => {
  let gateway: SampleGateway;
  beforeAll(async () => (gateway = await startSampleGateway()));
  afterAll(() => gateway.close(1_000));

  test("every check of the specification's audit passes with a token", async () => {
    const results = await auditServer({
      url: gateway.url,
      fetchFn: (url: string, init?: RequestInit) => fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), ...AUTHORIZED } }),
    });
    expect(results.length).toBeGreaterThan(55);
    const failed = results.filter((result) => result.status !== "ok").map((result) => `${result.id} ${result.name}: ${"reason" in result ? result.reason : ""}`);
    expect(failed).toEqual([]);
  });
});
