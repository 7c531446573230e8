import type { Model } from "../endpoints/index.js";

/** What calls of models took. Tokens are null where no answer told, the cost where no price is known. */
export interface ModelUsage {
  /** Every attempt counts. */
  readonly calls: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** In the currency of the model's prices. */
  readonly cost: number | null;
}

/** What no calls take. */
export const NO_USAGE: ModelUsage = { calls: 0, inputTokens: null, outputTokens: null, cost: null };

/** What one answered call took, as the answer's `usage` tells. */
export function usageOfAnswer(prices: Pick<Model, "inputCostPerMillionTokens" | "outputCostPerMillionTokens">, body: string): ModelUsage {
  const usage = told(body);
  const [inputTokens, outputTokens] = [tokens(usage["prompt_tokens"]), tokens(usage["completion_tokens"])];
  return { calls: 1, inputTokens, outputTokens, cost: sum(costOf(inputTokens, prices.inputCostPerMillionTokens), costOf(outputTokens, prices.outputCostPerMillionTokens)) };
}

export function addUsage(a: ModelUsage, b: ModelUsage): ModelUsage {
  return { calls: a.calls + b.calls, inputTokens: sum(a.inputTokens, b.inputTokens), outputTokens: sum(a.outputTokens, b.outputTokens), cost: sum(a.cost, b.cost) };
}

/** What is not known is left out; null when nothing is known. */
function sum(a: number | null, b: number | null): number | null {
  return a === null ? b : a + (b ?? 0);
}

function costOf(count: number | null, perMillion: number | null): number | null {
  return count === null || perMillion === null ? null : (count * perMillion) / 1_000_000;
}

function told(body: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(body);
    const usage: unknown = typeof answer === "object" && answer !== null && "usage" in answer ? answer.usage : null;
    return typeof usage === "object" && usage !== null ? (usage as Record<string, unknown>) : {}; // each value is checked
  } catch {
    return {}; // whoever reads the answer says that it is malformed
  }
}

/** A count as an integer column holds it. */
function tokens(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 && value < 2 ** 31 ? Math.round(value) : null;
}
