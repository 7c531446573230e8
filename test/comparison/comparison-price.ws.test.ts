import { afterAll, beforeAll, expect, it } from "vitest";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenRun, ownerOf, type SeededRun } from "../support/seed.js";
import { ADMIN_TOKEN, socketClient, startTestServer } from "../support/server.js";

let app: TestApp;
let server: GatewayServer;
let run: SeededRun;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  run = await givenRun(app.database.db, await ownerOf(app.database.db, app.admin), { results: [1, 2].map((ordinal) => ({ ordinal, status: "PASSED" })) });
});
afterAll(async () => {
  await server.close(0);
  await app.close();
});

it.each([
  ["comparison", `comparison(baselineId: "x") { summary { improved } }`],
  ["gate", "gate(policy: { minPassRate: 0.5 }) { passed }"],
  ["flakyTests", `testSet { flakyTests(endpoint: { name: "x" }) { flips } }`],
])("a subscription may not select %s", async (_, selection) => {
  const client = socketClient(server);
  const events = client.iterate({ query: `subscription ($id: ID!) { runStatus(runId: $id) { run { ${selection} } } }`, variables: { id: run.id } });
  await expect(events.next()).rejects.toMatchObject([{ extensions: { code: "QUERY_TOO_COMPLEX", reason: "NOT_IN_SUBSCRIPTION" } }]);
  await client.dispose();
});

async function post(query: string): Promise<any> {
  const response = await fetch(new URL("/graphql", server.url), { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${ADMIN_TOKEN}` }, body: JSON.stringify({ query, variables: { id: run.id } }) });
  return response.json();
}

it.each([
  ["comparison", "comparison(baselineId: $id) { verdict }"],
  ["gate", "gate(policy: { minPassRate: 0.5, baselineId: $id }) { passed }"],
])("a query may select %s of a few runs, but not of a long page", async (_, selection) => {
  const query = (first: number): string => `query ($id: ID!) { testRuns(first: ${first}) { nodes { ${selection} } } }`;
  expect((await post(query(20))).data.testRuns.nodes).toHaveLength(1);
  expect(await post(query(100))).toMatchObject({ errors: [{ extensions: { code: "QUERY_TOO_COMPLEX", reason: "COST_TOO_HIGH" } }] });
});
