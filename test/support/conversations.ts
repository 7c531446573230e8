import type { TestApp } from "./app.js";

let count = 0;

/** A set of conversations, with the metrics of these names. */
export async function givenConversations(app: TestApp, conversations: readonly Record<string, unknown>[], options: { metrics?: readonly string[]; attributes?: Record<string, unknown> } = {}): Promise<{ id: string; name: string }> {
  count += 1;
  const input = { name: `talks ${count}`, type: "MULTI_TURN", tests: conversations.map((conversation) => ({ conversation })), metrics: (options.metrics ?? []).map((name) => ({ name })), attributes: options.attributes };
  const { createTestSet } = await app.data(`mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id name } }`, { input });
  return createTestSet as { id: string; name: string };
}

/** A metric that ships with the gateway. */
export async function givenBuiltIn(app: TestApp, name: string, builtIn: string, parameters: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<string> {
  await app.data(`mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }`, { input: { name, kind: "BUILT_IN", builtIn, parameters, ...more } });
  return name;
}

/** An endpoint with mappings of its own. */
export async function givenBot(app: TestApp, input: Record<string, unknown>): Promise<{ id: string }> {
  count += 1;
  const { createEndpoint } = await app.data(`mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id } }`, { input: { name: `bot ${count}`, ...input } });
  return createEndpoint as { id: string };
}

const RESULTS = `query ($id: ID!) { testResults(filter: { runId: $id }, first: 200) { nodes {
  id position trial status latencyMs scores prompt { content } conversation { goal scriptedTurns } error { type message httpStatus retryable }
  output { output sessionId context toolCalls inputTokens outputTokens raw stopReason turns { number message response sessionId context toolCalls latencyMs error { type message httpStatus } } }
  attempts { number turn httpStatus latencyMs error { type } } metricResults { name status score category reason error { code } } } } }`;

/** A run's results with their conversations. */
export async function readConversations(app: TestApp, runId: string): Promise<any[]> {
  return (await app.data(RESULTS, { id: runId }))["testResults"].nodes as any[];
}
