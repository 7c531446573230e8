import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { wait } from "./wait.js";

interface EndpointPaceTable {
  organizationId: string;
  endpointId: string;
  nextCallAt: Date;
}

declare module "../db/database.js" {
  interface Database {
    endpointPaces: EndpointPaceTable;
  }
}

/**
 * Waits for the call's turn under requestsPerMinute, over all workers: turns lie 60 s / limit apart, so no window of
 * a minute holds more than the limit, wherever it begins. (A bucket that is full at first lets twice the limit into
 * one window.) A turn whose caller goes away is lost.
 */
export async function waitForTurn(db: Db, scope: Scope, args: { endpointId: string; requestsPerMinute: number }, signal: AbortSignal): Promise<void> {
  const apartMs = 60_000 / args.requestsPerMinute;
  const { rows } = await sql<{ waitMs: number }>`
    insert into endpoint_paces (organization_id, endpoint_id, next_call_at)
    values (${scope.organizationId}, ${args.endpointId}, clock_timestamp() + ${apartMs}::double precision * interval '1 millisecond')
    on conflict (organization_id, endpoint_id) do update
      set next_call_at = greatest(endpoint_paces.next_call_at, clock_timestamp()) + ${apartMs}::double precision * interval '1 millisecond'
    returning (extract(epoch from next_call_at - clock_timestamp()) * 1000 - ${apartMs}::double precision)::double precision as wait_ms`.execute(db);
  await wait(Math.max(0, rows[0]?.waitMs ?? 0), signal);
}
