import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { takeTurn } from "./endpoint-pace.repository.js";
import { wait } from "./wait.js";

/**
 * Turns are dealt out over a little more than a minute: a call that starts late, by a busy process or network, moves
 * closer to the next, and a whole minute's calls would then lie in less than one.
 */
const MINUTE_MS = 61_000;
/** Turns are taken so long ahead at the most: a limit may be changed meanwhile, and the turn of a caller that goes away is lost. */
const AHEAD_MS = 1_000;

/** Whose pace it is, and what it is now: null where it has none any more. */
export interface Pace {
  readonly endpointId: string;
  readonly requestsPerMinute: () => number | null;
}

/**
 * Waits for the call's turn under requestsPerMinute, over all workers: turns lie a minute / limit apart, so no window
 * of a minute holds more than the limit, wherever it begins. (A bucket that is full at first lets twice the limit into
 * one window.) A changed limit holds within a second, for those who wait already, too.
 */
export async function waitForTurn(db: Db, scope: Scope, { endpointId, requestsPerMinute }: Pace, signal: AbortSignal): Promise<void> {
  for (;;) {
    const limit = requestsPerMinute();
    if (limit === null) return;
    const { inMs, isTaken } = await takeTurn(db, scope, { endpointId, apartMs: MINUTE_MS / limit, aheadMs: AHEAD_MS });
    await wait(isTaken ? Math.max(0, inMs) : Math.min(AHEAD_MS, Math.max(1, inMs - AHEAD_MS)), signal);
    if (isTaken) return;
  }
}
