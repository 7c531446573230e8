/** Waits until the condition gives something else than null, undefined or false, and answers it; throws after `withinMs`. */
export async function waitFor<V>(condition: () => Promise<V> | V, options: { withinMs?: number; what?: string } = {}): Promise<NonNullable<Exclude<V, false>>> {
  const deadline = Date.now() + (options.withinMs ?? 10_000);
  for (;;) {
    const value = await condition();
    if (value !== null && value !== undefined && value !== false) return value as NonNullable<Exclude<V, false>>;
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${options.what ?? "the condition"}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
