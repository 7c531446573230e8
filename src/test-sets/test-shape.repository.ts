import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { TestSegment } from "./test.js";
import type { TestType } from "./test-set.js";

/** Tests that are alike in what decides which metrics apply to them and how often an endpoint is called for them. */
export interface TestShape {
  readonly type: TestType;
  readonly behaviorId: string | null;
  readonly hasExpectedResponse: boolean;
  readonly hasContext: boolean;
  readonly hasAssertions: boolean;
  /** Whether a model plays the user. */
  readonly isPursued: boolean;
  /** Turns of one execution: the fewest and the most. One for a single turn. */
  readonly minTurns: number;
  readonly maxTurns: number;
  readonly tests: number;
}

/** The shapes of the segments' tests with how many have each. One statement. */
export async function countTestShapes(db: Db, scope: Scope, segments: readonly TestSegment[]): Promise<TestShape[]> {
  const { rows } = await sql<TestShape>`
    select r.type, r.behavior_id, p.expected_response is not null as has_expected_response, coalesce(jsonb_array_length(p.context), 0) > 0 as has_context,
      jsonb_typeof(r.metadata -> 'assertions') is not null and r.metadata -> 'assertions' not in ('null', '[]') as has_assertions,
      r.type = 'MULTI_TURN' and script.turns = 0 as is_pursued,
      case when r.type = 'SINGLE_TURN' then 1 when script.turns > 0 then script.turns else greatest(1, coalesce((r.conversation ->> 'minTurns')::int, 1)) end as min_turns,
      case when r.type = 'SINGLE_TURN' then 1 when script.turns > 0 then script.turns else (r.conversation ->> 'maxTurns')::int end as max_turns,
      count(*) as tests
    from json_to_recordset(${JSON.stringify(segments)}::json) as s("testSetId" uuid, "testSetVersion" int, positions int[])
    join test_revisions r on r.organization_id = ${scope.organizationId} and r.test_set_id = s."testSetId"
      and r.added_in_version <= s."testSetVersion" and (r.removed_in_version is null or r.removed_in_version > s."testSetVersion")
      and (s.positions is null or r.position = any(s.positions))
    left join prompts p on p.organization_id = ${scope.organizationId} and p.id = r.prompt_id
    cross join lateral (select coalesce(jsonb_array_length(r.conversation -> 'scriptedTurns'), 0) as turns) as script
    group by 1, 2, 3, 4, 5, 6, 7, 8
    order by 1, 2, 3, 4, 5, 6, 7, 8`.execute(db);
  return rows;
}
