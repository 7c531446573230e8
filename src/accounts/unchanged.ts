import { AsyncLocalStorage } from "node:async_hooks";

/** The mutation under way: implicit, so that whatever finds nothing to do can say so, however deep, also below an answer that is only an id. */
const underWay = new AsyncLocalStorage<{ changesNothing: boolean }>();

/** Runs a mutation; answers beside its answer whether something in it said that it changes nothing. */
export async function tellingChanges<A>(mutate: () => Promise<A>): Promise<{ answer: A; changesNothing: boolean }> {
  const mutation = { changesNothing: false };
  return { answer: await underWay.run(mutation, mutate), changesNothing: mutation.changesNothing };
}

/** Says that everything is as the mutation under way wants it already, so there is nothing to note. Outside of one, such as in a worker, nobody listens. */
export function saysNothingChanged(): void {
  const mutation = underWay.getStore();
  if (mutation !== undefined) mutation.changesNothing = true;
}
