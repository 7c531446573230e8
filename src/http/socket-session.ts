import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import type { Viewer } from "../viewer.js";

/** Longer timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Close codes of the doors. The graphql-ws client never retries after 4401 and 4400, and does after the others. */
export const SocketClose = {
  GOING_AWAY: 1001,
  TRY_AGAIN_LATER: 1013,
  INTERNAL: 4500,
  UNAUTHORIZED: 4401,
  FORBIDDEN: 4403,
} as const;

/** One WebSocket and whom it belongs to. */
export class SocketSession {
  /** Begins the request ids of its operations. */
  readonly id = randomUUID();
  readonly #closed = new AbortController();
  #viewer: Viewer | null = null;
  #secret: string | null = null;
  #expiryTimer: NodeJS.Timeout | undefined;
  #operations = 0;

  constructor(
    readonly socket: WebSocket,
    /** Of the upgrade request. */
    readonly authorization: string | undefined,
    readonly remoteAddress: string | null,
  ) {
    socket.once("close", () => {
      clearTimeout(this.#expiryTimer);
      this.#closed.abort(new Error("the socket was closed"));
    });
  }

  /** Aborted when the socket closes. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** Who is asking; null before connection_init was accepted. */
  get viewer(): Viewer | null {
    return this.#viewer;
  }

  /** The secret to look up again; null before connection_init was accepted. */
  get secret(): string | null {
    return this.#secret;
  }

  /** Takes the viewer of the socket's token, at first and whenever it was looked up again: roles may have changed. */
  admit(secret: string, viewer: Viewer): void {
    this.#secret = secret;
    this.#viewer = viewer;
    this.#watchExpiry();
  }

  /** An id for the next operation. */
  nextRequestId(): string {
    this.#operations += 1;
    return `${this.id}.${this.#operations}`;
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiryTimer);
    const expiresAt = this.#viewer?.expiresAt;
    if (expiresAt == null || this.signal.aborted) return;
    const leftMs = expiresAt.getTime() - Date.now();
    if (leftMs <= 0) return this.close(SocketClose.FORBIDDEN, "TOKEN_EXPIRED");
    this.#expiryTimer = setTimeout(() => this.#watchExpiry(), Math.min(leftMs, LONGEST_TIMER_MS));
  }
}
