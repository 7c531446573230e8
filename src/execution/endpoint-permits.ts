import { createHash } from "node:crypto";
import type { SessionConnection } from "../db/index.js";
import { PermitDesk } from "./permit-desk.js";

/**
 * maxConcurrency over all workers, exactly, also while one is killed: a permit is a session-level advisory lock, one
 * of as many as the limit allows. A process keeps the permits it got and lends them to its calls one after another,
 * but for its share when others want some. Only where a limit was just lowered are there more calls, until those of
 * before have ended.
 */
export class EndpointPermits {
  readonly #session: SessionConnection;
  readonly #desks = new Map<string, PermitDesk>();

  constructor(session: SessionConnection) {
    this.#session = session;
    session.onLost(() => {
      for (const desk of this.#desks.values()) desk.forget();
    });
  }

  /**
   * Waits for one of `limit` permits and answers how to give it back. Throws the signal's reason when it aborts. Who
   * waits gets one in turns over the parties, the runs; a run's first calls come sooner than those of a run that had many.
   */
  acquire(endpointId: string, limit: number, signal: AbortSignal, party = ""): Promise<() => void> {
    return this.#desk(endpointId).acquire(limit, signal, party);
  }

  /** The limit of now, for those who wait already: a new one is else learned from the next who comes. */
  changeLimit(endpointId: string, limit: number): void {
    this.#desks.get(endpointId)?.changeLimit(limit);
  }

  #desk(endpointId: string): PermitDesk {
    const found = this.#desks.get(endpointId);
    if (found !== undefined) return found;
    // Any 32 bits will do; endpoints that share a class would only share a limit. The top bit keeps clear of other locks.
    const lockClass = createHash("sha256").update(endpointId).digest().readInt32BE(0) | -2147483648;
    const desk = new PermitDesk(this.#session, lockClass);
    this.#desks.set(endpointId, desk);
    return desk;
  }
}
