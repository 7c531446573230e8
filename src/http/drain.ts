import type { Server } from "node:http";
import type { SocketDoor } from "./socket-door.js";

const SWEEP_MS = 50;

/**
 * The end of a server, in order: say so (/readyz, endless streams), take no more connections, ask sockets to leave, wait
 * for what runs; when the grace is over, cut what is left. A client that is dead answers nothing, so without the cut
 * the process would wait for its timeouts.
 */
export class Drain {
  readonly #server: Server;
  readonly #sockets: SocketDoor;
  readonly #draining: AbortController;
  readonly #stopGraphQL: () => Promise<void>;
  #run: Promise<void> | null = null;

  constructor(deps: { server: Server; sockets: SocketDoor; draining: AbortController; stopGraphQL: () => Promise<void> }) {
    this.#server = deps.server;
    this.#sockets = deps.sockets;
    this.#draining = deps.draining;
    this.#stopGraphQL = deps.stopGraphQL;
  }

  /** Resolves when no connection is left; at the latest shortly after the grace. */
  run(graceMs: number): Promise<void> {
    this.#run ??= this.#drain(graceMs);
    return this.#run;
  }

  async #drain(graceMs: number): Promise<void> {
    this.#draining.abort(new Error("the gateway is shutting down"));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const socketsClosed = this.#sockets.closeAll();
    // Connections whose answers began before the drain did are kept open afterwards.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_MS);
    const cut = setTimeout(() => {
      this.#sockets.terminateAll();
      this.#server.closeAllConnections();
    }, graceMs);
    await Promise.all([closed, socketsClosed]);
    clearTimeout(cut);
    clearInterval(sweep);
    await this.#stopGraphQL();
  }
}
