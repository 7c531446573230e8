import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { takeTurn } from "./endpoint-pace.repository.js";
import { wait } from "./wait.js";

/**
 * Waits for the call's turn under requestsPerMinute, over all workers: turns lie 60 s / limit apart, so no window of
 * a minute holds more than the limit, wherever it begins. (A bucket that is full at first lets twice the limit into
 * one window.) A turn whose caller goes away is lost.
 */
export async function waitForTurn(db: Db, scope: Scope, args: { endpointId: string; requestsPerMinute: number }, signal: AbortSignal): Promise<void> {
  const inMs = await takeTurn(db, scope, { endpointId: args.endpointId, apartMs: 60_000 / args.requestsPerMinute });
  await wait(Math.max(0, inMs), signal);
}
