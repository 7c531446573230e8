import type { Config } from "../config/config.js";
import type { GatewayClient } from "./gateway-client.js";

const NAME = "Demo judge";
/** The demo shall end within about a minute, also with a judge that takes its time. */
const LIMITS = { maxConcurrency: 16, timeoutMs: 15_000, maxAttempts: 2 };

/** Makes the model of the settings and a metric that it judges by, or brings those of an earlier demo up to date. Answers the metric's name. */
export async function ensureJudge(client: GatewayClient, model: NonNullable<Config["model"]>): Promise<string> {
  await ensureModel(client, model);
  const { metric } = await client.request<{ metric: { id: string } | null }>(`query ($name: String!) { metric(ref: { name: $name }) { id } }`, { name: NAME });
  if (metric !== null) return NAME;
  const input = {
    name: NAME,
    description: "How well the application follows what the user asks, judged by the model of MODEL_BASE_URL.",
    kind: "LLM_JUDGE",
    model: { name: NAME },
    evaluationPrompt: "How well does the application do what the user asks, over the whole conversation? 1: it does not even try. 10: nothing is missing.",
    scoreType: "NUMERIC",
    minScore: 1,
    maxScore: 10,
    threshold: 5,
  };
  await client.request(`mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }`, { input });
  return NAME;
}

async function ensureModel(client: GatewayClient, { baseUrl, name, apiKey }: NonNullable<Config["model"]>): Promise<void> {
  const { models } = await client.request<{ models: { nodes: readonly { id: string }[] } }>(`query ($name: String!) { models(name: { eq: $name }, first: 1) { nodes { id } } }`, { name: NAME });
  const [model] = models.nodes;
  if (model !== undefined) await client.request(`mutation ($input: UpdateModelInput!) { updateModel(input: $input) { id } }`, { input: { model: { id: model.id }, baseUrl, modelName: name, apiKey, limits: LIMITS } });
  else await client.request(`mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }`, { input: { name: NAME, provider: "openai-compatible", baseUrl, model: name, apiKey, limits: LIMITS } });
}
