import { vi } from "vitest";

/** A bound for what never comes: only then it costs time. */
const WITHIN_MS = 20_000;

/** Waits until the condition gives something else than null, undefined or false, and answers it; throws after `withinMs`. */
export async function waitFor<V>(condition: () => Promise<V> | V, options: { withinMs?: number; what?: string } = {}): Promise<NonNullable<Exclude<V, false>>> {
  const deadline = Date.now() + (options.withinMs ?? WITHIN_MS);
  for (;;) {
    const value = await condition();
    if (value !== null && value !== undefined && value !== false) return value as NonNullable<Exclude<V, false>>;
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${options.what ?? "the condition"}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until the check throws no more, and answers what it answers. */
export function eventually<V>(check: () => Promise<V> | V): Promise<V> {
  return vi.waitFor(check, { timeout: WITHIN_MS, interval: 20 });
}
