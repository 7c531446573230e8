import { sql } from "kysely";
import type { Db } from "../db/index.js";
import { LANE_BLOCK } from "../runs/index.js";
import type { Scope } from "../viewer.js";

/**
 * The first ordinal of a lane, from `from` on, that has no verdict; null when all have one. For a lane that is taken up
 * after a crash: reading what was done chunk by chunk would take seconds in a big run.
 */
export async function findFirstOpenOrdinal(db: Db, scope: Scope, args: { runId: string; lane: number; laneCount: number; from: number; total: number }): Promise<number | null> {
  const { runId, lane, laneCount, from, total } = args;
  const firstBlock = Math.floor((from - 1) / LANE_BLOCK);
  const ownBlock = firstBlock + ((lane - (firstBlock % laneCount) + laneCount) % laneCount);
  const { rows } = await sql<{ ordinal: number }>`
    select ordinals.ordinal
    from generate_series(${ownBlock}::integer, ${Math.floor((total - 1) / LANE_BLOCK)}::integer, ${laneCount}::integer) as blocks (block)
    cross join lateral generate_series(greatest(${from}::integer, blocks.block * ${LANE_BLOCK}::integer + 1), least(${total}::integer, (blocks.block + 1) * ${LANE_BLOCK}::integer)) as ordinals (ordinal)
    where not exists (
      select 1 from test_results
      where test_results.organization_id = ${scope.organizationId} and test_results.run_id = ${runId} and test_results.ordinal = ordinals.ordinal
        and test_results.status in ('PASSED', 'FAILED', 'ERROR', 'CANCELLED'))
    order by ordinals.ordinal
    limit 1`.execute(db);
  return rows[0]?.ordinal ?? null;
}
