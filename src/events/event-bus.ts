import type { Db } from "../db/index.js";

/** Hears of a fact: its key, such as the id of what changed. Facts carry ids, never content: read afresh. */
export type EventListener = (key: string) => void;

/**
 * Small facts across processes. A missed one must be harmless: whoever listens reads the state when it starts, when
 * told, and when `onGap` says that facts may have been missed.
 */
export interface EventBus {
  /** Tells every process, when the transaction commits and only then. */
  publish(db: Db, topic: string, key: string): Promise<void>;
  /** Listens to a topic; answers how to stop. */
  subscribe(topic: string, listener: EventListener): () => void;
  /** Runs when facts may have been missed; answers how to stop. */
  onGap(listener: () => void): () => void;
}
