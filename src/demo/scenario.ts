import { readFile } from "node:fs/promises";
import type { GatewayClient } from "./gateway-client.js";

/** One test set of the demo and how its answers are scored. */
export interface Scenario {
  readonly testSet: string;
  readonly description: string;
  readonly file: string;
  readonly columns: Readonly<Record<string, string>> | null;
  readonly tests: number;
  readonly metric: { readonly name: string; readonly description: string; readonly builtIn: string; readonly parameters: Readonly<Record<string, unknown>> };
}

/** A number as people write it: thousands separators, decimals, a sign. */
const NUMBER = String.raw`-?\d[\d,]*(?:\.\d+)?`;

export const SCENARIOS: readonly Scenario[] = [
  {
    testSet: "GSM8K test split",
    description: "1,319 grade school math word problems (Cobbe et al. 2021, MIT licence). The expected number follows #### in the worked solution.",
    file: "gsm8k_test.jsonl",
    columns: null,
    tests: 1319,
    metric: {
      name: "GSM8K answer",
      description: "The last number of the answer is the number that the worked solution ends in.",
      builtIn: "extracted_answer",
      parameters: { pattern: `(${NUMBER})`, expectedPattern: `#### *(${NUMBER})`, as: "number" },
    },
  },
  {
    testSet: "MT-Bench first turns",
    description: "The first turns of MT-Bench's 80 questions (Zheng et al. 2023, Apache-2.0).",
    file: "mt_bench_questions.jsonl",
    columns: { prompt: "turns[0]" },
    tests: 80,
    metric: { name: "Asks back", description: "The bot answers with a question: there is no reference to compare with.", builtIn: "regex", parameters: { pattern: String.raw`\?` } },
  },
];

const ENDPOINT = "ELIZA on this machine";

async function readData(file: string): Promise<string> {
  // Beside this file in src/demo; the build leaves data where it is.
  for (const folder of ["./", "../../../src/demo/"]) {
    const text = await readFile(new URL(folder + file, import.meta.url), "utf8").catch(() => null);
    if (text !== null) return text;
  }
  throw new Error(`The demo's data ${file} is missing. Install the package again.`);
}

/** Makes the endpoint, or points the one of an earlier demo at the bot's present port. */
export async function ensureEndpoint(client: GatewayClient, url: string): Promise<string> {
  const { endpoint } = await client.request<{ endpoint: { id: string } | null }>(`query ($name: String!) { endpoint(ref: { name: $name }) { id } }`, { name: ENDPOINT });
  if (endpoint !== null) {
    await client.request(`mutation ($id: ID!, $url: String!) { updateEndpoint(input: { endpoint: { id: $id }, url: $url }) { id } }`, { id: endpoint.id, url });
    return endpoint.id;
  }
  const input = {
    name: ENDPOINT,
    description: "ELIZA, Weizenbaum's chatbot of 1966 (elizabot by N. Landsteiner), over HTTP on loopback.",
    url,
    requestMapping: { message: "{{ input }}" },
    responseMapping: { output: "$.reply" },
    limits: { maxConcurrency: 16, timeoutMs: 10_000 },
  };
  const { createEndpoint } = await client.request<{ createEndpoint: { id: string } }>(`mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id } }`, { input });
  return createEndpoint.id;
}

/** Imports the scenario's test set and assigns its metric, unless an earlier demo has. Answers the set's id. */
export async function ensureTestSet(client: GatewayClient, scenario: Scenario): Promise<{ id: string; isNew: boolean }> {
  const found = await client.request<{ testSet: { id: string; testCount: number } | null }>(`query ($name: String!) { testSet(ref: { name: $name }) { id testCount } }`, { name: scenario.testSet });
  if (found.testSet !== null && found.testSet.testCount > 0) return { id: found.testSet.id, isNew: false };
  const metricId = await ensureMetric(client, scenario);
  const input = { testSet: { name: scenario.testSet }, format: "JSONL", content: await readData(scenario.file), columns: scenario.columns };
  const { importTests: report } = await client.request<{ importTests: { created: number; rejectedCount: number; testSet: { id: string } | null } }>(
    `mutation ($input: ImportTestsInput!) { importTests(input: $input) { created rejectedCount testSet { id } } }`,
    { input },
  );
  if (report.testSet === null || report.created !== scenario.tests) throw new Error(`${scenario.file}: ${report.created} of ${scenario.tests} tests were imported, ${report.rejectedCount} rows rejected.`);
  await client.request(`mutation ($id: ID!, $description: String!, $metric: ID!) { updateTestSet(input: { testSet: { id: $id }, description: $description, metrics: [{ id: $metric }] }) { id } }`, {
    id: report.testSet.id,
    description: scenario.description,
    metric: metricId,
  });
  return { id: report.testSet.id, isNew: true };
}

async function ensureMetric(client: GatewayClient, scenario: Scenario): Promise<string> {
  const { metric } = await client.request<{ metric: { id: string } | null }>(`query ($name: String!) { metric(ref: { name: $name }) { id } }`, { name: scenario.metric.name });
  if (metric !== null) return metric.id;
  const { createMetric } = await client.request<{ createMetric: { id: string } }>(`mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }`, { input: { kind: "BUILT_IN", ...scenario.metric } });
  return createMetric.id;
}

/** Queues a run of the set against the endpoint. */
export async function execute(client: GatewayClient, testSetId: string, endpointId: string): Promise<{ id: string; name: string }> {
  const { executeTestSet } = await client.request<{ executeTestSet: { id: string; name: string } }>(
    `mutation ($testSet: ID!, $endpoint: ID!) { executeTestSet(input: { testSet: { id: $testSet }, endpoint: { id: $endpoint } }) { id name } }`,
    { testSet: testSetId, endpoint: endpointId },
  );
  return executeTestSet;
}
