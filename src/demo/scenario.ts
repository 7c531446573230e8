import { readFile } from "node:fs/promises";
import type { GatewayClient } from "./gateway-client.js";

/** One test set of the demo and how its answers are scored. */
export interface Scenario {
  readonly testSet: string;
  readonly description: string;
  readonly file: string;
  readonly columns: Readonly<Record<string, string>> | null;
  readonly tests: number;
  /** Whether the settings' model judges it, too: a call for each answer. */
  readonly isJudged: boolean;
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
    isJudged: false,
    metric: {
      name: "GSM8K answer",
      description: "The last number of the answer is the number that the worked solution ends in.",
      builtIn: "extracted_answer",
      parameters: { pattern: `(${NUMBER})`, expectedPattern: `#### *(${NUMBER})`, as: "number" },
    },
  },
  {
    testSet: "MT-Bench",
    description: "MT-Bench's 80 questions of two turns each (Zheng et al. 2023, Apache-2.0), as scripted conversations.",
    file: "mt_bench_questions.jsonl",
    columns: { key: "question_id" },
    tests: 80,
    isJudged: true,
    metric: { name: "Asks back", description: "The bot ends with a question: there is no reference to compare with.", builtIn: "regex", parameters: { pattern: String.raw`\?` } },
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

/** Makes the endpoint, or brings the one of an earlier demo up to date: the bot's port is another one each time. */
export async function ensureEndpoint(client: GatewayClient, url: string): Promise<string> {
  const { endpoint } = await client.request<{ endpoint: { id: string } | null }>(`query ($name: String!) { endpoint(ref: { name: $name }) { id } }`, { name: ENDPOINT });
  const input = {
    description: "ELIZA, Weizenbaum's chatbot of 1966 (elizabot by N. Landsteiner), over HTTP on loopback.",
    url,
    requestMapping: { message: "{{ input }}", session_id: "{{ session_id }}" },
    responseMapping: { output: "$.reply", session_id: "$.session_id" },
    limits: { maxConcurrency: 16, timeoutMs: 10_000 },
  };
  if (endpoint !== null) {
    await client.request(`mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { id } }`, { input: { endpoint: { id: endpoint.id }, ...input } });
    return endpoint.id;
  }
  const { createEndpoint } = await client.request<{ createEndpoint: { id: string } }>(`mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id } }`, { input: { name: ENDPOINT, ...input } });
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

/** Queues a run of the set against the endpoint, scored by the metrics of these names. */
export async function execute(client: GatewayClient, args: { testSetId: string; endpointId: string; metrics: readonly string[] }): Promise<{ id: string; name: string }> {
  const input = { testSet: { id: args.testSetId }, endpoint: { id: args.endpointId }, metrics: args.metrics.map((name) => ({ name })) };
  const { executeTestSet } = await client.request<{ executeTestSet: { id: string; name: string } }>(`mutation ($input: ExecuteTestSetInput!) { executeTestSet(input: $input) { id name } }`, { input });
  return executeTestSet;
}
