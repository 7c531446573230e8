import { setTimeout as delay } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { isRetryable } from "../db/index.js";

const RETRY_MS = 100;
/** A code that graphile-worker takes for "try again soon". */
const SERIALIZATION_FAILURE = "40001";

/**
 * The pool as graphile-worker gets it. That lets the promises of "done" and "failed" go unwatched and tries them again
 * for a few codes only, so a database that went away while a job ended would end the whole process by an unhandled
 * rejection. By this pool it waits for the database instead, until `close`.
 */
export class PatientPool {
  readonly #pool: Pool;
  readonly #closed = new AbortController();
  readonly #inUse = new Set<Promise<void>>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The same pool, but for how promises of clients fare. */
  asPool(): Pool {
    return new Proxy(this.#pool, {
      get: (target, property) => {
        // With a callback it listens for new jobs, and has its own way to come back.
        if (property === "connect") return (callback?: Parameters<Pool["connect"]>[0]) => (callback === undefined ? this.#lend() : target.connect(callback));
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** Waits, `withinMs` at the most, for what is being asked; then nothing is asked any more. What is left undone is found by another worker. */
  async close(withinMs: number): Promise<void> {
    const giveUp = new AbortController();
    await Promise.race([Promise.all(this.#inUse), delay(withinMs, undefined, { signal: giveUp.signal }).catch(() => undefined)]);
    giveUp.abort();
    this.#closed.abort();
  }

  /** Runs a statement, which must be safe to repeat, when the database is there; nothing any more once the pool is closed. */
  async query(text: string, values: readonly unknown[]): Promise<void> {
    for (;;) {
      const client = await this.#lend();
      try {
        await client.query(text, [...values]);
        return;
      } catch (error) {
        if (!isRetryable(error)) throw error;
        await delay(RETRY_MS, undefined, { signal: this.#closed.signal }).catch(() => undefined); // the next client does nothing then
      } finally {
        client.release();
      }
    }
  }

  async #lend(): Promise<PoolClient> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#inUse.add(promise);
    const leave = (): void => {
      this.#inUse.delete(promise);
      resolve();
    };
    try {
      return patientClient(await this.#connect(), leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #connect(): Promise<PoolClient | null> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        return await this.#pool.connect();
      } catch (error) {
        if (!isRetryable(error)) throw error;
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined); // the loop ends then
      }
    }
    return null;
  }
}

/** What graphile-worker uses of a client; without one, a client that finds nothing and changes nothing. */
function patientClient(client: PoolClient | null, leave: () => void): PoolClient {
  const query = async (...args: unknown[]): Promise<unknown> => {
    if (client === null) return { rows: [], rowCount: 0 };
    try {
      return await (client.query as (...args: unknown[]) => Promise<unknown>)(...args);
    } catch (error) {
      throw isRetryable(error) ? Object.assign(new Error("The database went away.", { cause: error }), { code: SERIALIZATION_FAILURE }) : error;
    }
  };
  const release = (error?: Error | boolean): void => {
    client?.release(error);
    leave();
  };
  return { query, release } as unknown as PoolClient; // it asks clients of its pool for no more
}
