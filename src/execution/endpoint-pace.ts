import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { takeTurn } from "./endpoint-pace.repository.js";
import { wait } from "./wait.js";

/**
 * Turns are dealt out over a little more than a minute: a call that starts late, by a busy process or network, moves
 * closer to the next, and a whole minute's calls would then lie in less than one.
 */
const MINUTE_MS = 61_000;

/**
 * Waits for the call's turn under requestsPerMinute, over all workers: turns lie a minute / limit apart, so no window
 * of a minute holds more than the limit, wherever it begins. (A bucket that is full at first lets twice the limit into
 * one window.) A turn whose caller goes away is lost.
 */
export async function waitForTurn(db: Db, scope: Scope, args: { endpointId: string; requestsPerMinute: number }, signal: AbortSignal): Promise<void> {
  const inMs = await takeTurn(db, scope, { endpointId: args.endpointId, apartMs: MINUTE_MS / args.requestsPerMinute });
  await wait(Math.max(0, inMs), signal);
}
