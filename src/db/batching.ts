import DataLoader from "dataloader";

/** Whether a loader remembers: true for one HTTP query, false in subscriptions, whose events must read afresh. */
export interface LoaderOptions {
  readonly cache: boolean;
}

const MAX_BATCH = 1000;

/** Loads one row by its key; null where there is none. */
export function oneByKey<K extends string, R>(options: LoaderOptions, find: (keys: readonly K[]) => Promise<readonly R[]>, keyOf: (row: R) => K): DataLoader<K, R | null> {
  return new DataLoader(
    async (keys) => {
      const rows = new Map((await find([...new Set(keys)])).map((row) => [keyOf(row), row]));
      return keys.map((key) => rows.get(key) ?? null);
    },
    { cache: options.cache, maxBatchSize: MAX_BATCH },
  );
}

/** Loads all rows of a key, in the order of the query; [] where there are none. */
export function manyByKey<K extends string, R>(options: LoaderOptions, find: (keys: readonly K[]) => Promise<readonly R[]>, keyOf: (row: R) => K): DataLoader<K, readonly R[]> {
  return new DataLoader(
    async (keys) => {
      const groups = new Map<K, R[]>();
      for (const row of await find([...new Set(keys)])) {
        const key = keyOf(row);
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [row]);
        else group.push(row);
      }
      return keys.map((key) => groups.get(key) ?? []);
    },
    { cache: options.cache, maxBatchSize: MAX_BATCH },
  );
}

/** Loads a value such as a count by key; `missing` where the query gives none. */
export function valueByKey<K extends string, V>(options: LoaderOptions, find: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>, missing: V): DataLoader<K, V> {
  return new DataLoader(
    async (keys) => {
      const values = await find([...new Set(keys)]);
      return keys.map((key) => values.get(key) ?? missing);
    },
    { cache: options.cache, maxBatchSize: MAX_BATCH },
  );
}

/** A parent with the arguments of one of its list fields: what a child connection is loaded by. */
export interface ChildKey<A> {
  readonly parentId: string;
  readonly args: A;
}

/**
 * Loads something of each parent's list (its page, its count) by parent and arguments. Parents that ask with equal
 * arguments, as all rows of one query do, share one call of `find`, hence one statement.
 */
export function byParentAndArgs<A, V>(options: LoaderOptions, find: (parentIds: readonly string[], args: A) => Promise<ReadonlyMap<string, V>>, missing: (args: A) => V): DataLoader<ChildKey<A>, V, string> {
  return new DataLoader<ChildKey<A>, V, string>(
    async (keys) => {
      const groups = new Map<string, { args: A; parentIds: Set<string> }>();
      for (const { parentId, args } of keys) {
        const group = groups.get(JSON.stringify(args)) ?? { args, parentIds: new Set<string>() };
        group.parentIds.add(parentId);
        groups.set(JSON.stringify(args), group);
      }
      const found = new Map<string, ReadonlyMap<string, V>>();
      const failures = new Map<string, Error>();
      const findGroup = async (name: string, group: { args: A; parentIds: ReadonlySet<string> }): Promise<void> => {
        try {
          found.set(name, await find([...group.parentIds], group.args));
        } catch (error) {
          // Only those who asked with these arguments fail, such as one alias with a cursor of another list.
          failures.set(name, error instanceof Error ? error : new Error(String(error)));
        }
      };
      await Promise.all([...groups].map(([name, group]) => findGroup(name, group)));
      return keys.map(({ parentId, args }) => failures.get(JSON.stringify(args)) ?? found.get(JSON.stringify(args))?.get(parentId) ?? missing(args));
    },
    { cache: options.cache, maxBatchSize: MAX_BATCH, cacheKeyFn: ({ parentId, args }) => `${parentId} ${JSON.stringify(args)}` },
  );
}
