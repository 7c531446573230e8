import { sql } from "kysely";
import { type Db, SessionConnection } from "../db/index.js";
import type { EventBus, EventListener } from "./event-bus.js";

/** One channel for all: each process has one connection that listens, and tells its own listeners apart. */
const CHANNEL = "assay_events";

/** The bus over PostgreSQL's NOTIFY: publish once for each batch of writes, as notifying commits wait for each other. */
export class PgEventBus implements EventBus {
  readonly #session: SessionConnection;
  readonly #listeners = new Map<string, Set<EventListener>>();
  readonly #gapListeners = new Set<() => void>();

  constructor(options: { url: string; applicationName: string }) {
    this.#session = new SessionConnection(options);
    this.#session.onConnected(async (client) => {
      client.on("notification", (message) => this.#deliver(message.payload ?? ""));
      await client.query(`listen ${CHANNEL}`);
      for (const listener of this.#gapListeners) listener();
    });
  }

  /** Begins to listen; throws when the database cannot be reached. */
  start(): Promise<void> {
    return this.#session.open();
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async publish(db: Db, topic: string, key: string): Promise<void> {
    await sql`select pg_notify(${CHANNEL}, ${`${topic} ${key}`})`.execute(db);
  }

  subscribe(topic: string, listener: EventListener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set<EventListener>();
    this.#listeners.set(topic, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  #deliver(payload: string): void {
    const blank = payload.indexOf(" ");
    const key = payload.slice(blank + 1);
    for (const listener of this.#listeners.get(payload.slice(0, blank)) ?? []) listener(key);
  }
}
