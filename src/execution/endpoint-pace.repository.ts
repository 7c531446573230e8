import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type {} from "./endpoint-pace.table.js";

/** When an endpoint's next turn comes, and whether it is the caller's now. */
export interface Turn {
  /** Not above 0: at once. */
  readonly inMs: number;
  readonly isTaken: boolean;
}

/** Takes the next turn of an endpoint, `apartMs` after the last one taken by any worker, if it comes within `aheadMs`; else only says when it does. */
export async function takeTurn(db: Db, scope: Scope, args: { endpointId: string; apartMs: number; aheadMs: number }): Promise<Turn> {
  const milliseconds = (ms: number) => sql`${ms}::double precision * interval '1 millisecond'`;
  const next = sql`greatest(endpoint_paces.last_turn_at + ${milliseconds(args.apartMs)}, clock_timestamp())`;
  const taken = await sql<{ inMs: number }>`
    insert into endpoint_paces (organization_id, endpoint_id, last_turn_at)
    values (${scope.organizationId}, ${args.endpointId}, clock_timestamp())
    on conflict (organization_id, endpoint_id) do update set last_turn_at = ${next}
      where endpoint_paces.organization_id = ${scope.organizationId} and ${next} <= clock_timestamp() + ${milliseconds(args.aheadMs)}
    returning (extract(epoch from last_turn_at - clock_timestamp()) * 1000)::double precision as in_ms`.execute(db);
  if (taken.rows[0] !== undefined) return { inMs: taken.rows[0].inMs, isTaken: true };
  const { rows } = await sql<{ inMs: number }>`
    select (extract(epoch from ${next} - clock_timestamp()) * 1000)::double precision as in_ms from endpoint_paces
    where organization_id = ${scope.organizationId} and endpoint_id = ${args.endpointId}`.execute(db);
  return { inMs: rows[0]?.inMs ?? 0, isTaken: false };
}

/** Lets nobody call an endpoint for so long; a longer hold of before stays. */
export async function holdEndpoint(db: Db, scope: Scope, args: { endpointId: string; forMs: number }): Promise<void> {
  await sql`
    insert into endpoint_paces (organization_id, endpoint_id, held_until)
    values (${scope.organizationId}, ${args.endpointId}, clock_timestamp() + ${args.forMs}::double precision * interval '1 millisecond')
    on conflict (organization_id, endpoint_id) do update set held_until = greatest(endpoint_paces.held_until, excluded.held_until)`.execute(db);
}

/** For how many ms an endpoint is held; 0 for one that is not. */
export async function readHold(db: Db, scope: Scope, endpointId: string): Promise<number> {
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from held_until - clock_timestamp()) * 1000)::double precision as ms from endpoint_paces
    where organization_id = ${scope.organizationId} and endpoint_id = ${endpointId} and held_until > clock_timestamp()`.execute(db);
  return rows[0]?.ms ?? 0;
}
