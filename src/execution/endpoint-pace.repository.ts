import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type {} from "./endpoint-pace.table.js";

/** Takes the next turn of an endpoint, `apartMs` after the last one taken by any worker, and answers in how many ms it comes; not above 0: now. */
export async function takeTurn(db: Db, scope: Scope, args: { endpointId: string; apartMs: number }): Promise<number> {
  const { rows } = await sql<{ waitMs: number }>`
    insert into endpoint_paces (organization_id, endpoint_id, next_call_at)
    values (${scope.organizationId}, ${args.endpointId}, clock_timestamp() + ${args.apartMs}::double precision * interval '1 millisecond')
    on conflict (organization_id, endpoint_id) do update
      set next_call_at = greatest(endpoint_paces.next_call_at, clock_timestamp()) + ${args.apartMs}::double precision * interval '1 millisecond'
    returning (extract(epoch from next_call_at - clock_timestamp()) * 1000 - ${args.apartMs}::double precision)::double precision as wait_ms`.execute(db);
  return rows[0]?.waitMs ?? 0;
}

/** Lets nobody call an endpoint for so long; a longer hold of before stays. */
export async function holdEndpoint(db: Db, scope: Scope, args: { endpointId: string; forMs: number }): Promise<void> {
  await sql`
    insert into endpoint_paces (organization_id, endpoint_id, next_call_at, held_until)
    values (${scope.organizationId}, ${args.endpointId}, clock_timestamp(), clock_timestamp() + ${args.forMs}::double precision * interval '1 millisecond')
    on conflict (organization_id, endpoint_id) do update set held_until = greatest(endpoint_paces.held_until, excluded.held_until)`.execute(db);
}

/** For how many ms an endpoint is held; 0 for one that is not. */
export async function readHold(db: Db, scope: Scope, endpointId: string): Promise<number> {
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from held_until - clock_timestamp()) * 1000)::double precision as ms from endpoint_paces
    where organization_id = ${scope.organizationId} and endpoint_id = ${endpointId} and held_until > clock_timestamp()`.execute(db);
  return rows[0]?.ms ?? 0;
}
