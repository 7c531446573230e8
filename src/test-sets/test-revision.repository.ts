import { sql } from "kysely";
import { type Db, isOneOf } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { type Prompt, segmentsOf, type TestRevision, type TestSegment } from "./test.js";
import { normalizeTestFilter, type TestFilter } from "./test-filter.js";
import { testConditions } from "./test-filter.repository.js";
import type { TestSet } from "./test-set.js";

/** Where revisions are read: positions of a set as it stood in a version. */
export interface RevisionsAt {
  readonly testSetId: string;
  readonly testSetVersion: number;
  /** A list, or a range with both ends. */
  readonly positions: readonly number[] | { readonly from: number; readonly to: number };
}

/**
 * The tests of the set, in its present version, that match: in order, as segments. A whole set without gaps is one
 * segment without positions, made without a statement; anything else costs one statement.
 */
export async function selectTests(db: Db, scope: Scope, testSet: Pick<TestSet, "id" | "version" | "testCount" | "lastPosition">, filter: TestFilter | null): Promise<TestSegment[]> {
  const said = normalizeTestFilter(filter);
  if (testSet.testCount === 0) return [];
  if (said === null && testSet.testCount === testSet.lastPosition) return [{ testSetId: testSet.id, testSetVersion: testSet.version, testCount: testSet.testCount, positions: null }];
  // By version rather than "present": a change that commits in between must not shift the selection.
  let query = db
    .selectFrom("testRevisions")
    .select("testRevisions.position")
    .where("testRevisions.organizationId", "=", scope.organizationId)
    .where("testRevisions.testSetId", "=", testSet.id)
    .where(...addedBy(testSet.version))
    .where(notRemovedBy(sql`${testSet.version}::int`));
  for (const condition of testConditions(scope, said)) query = query.where(condition);
  const rows = await query.orderBy("testRevisions.position").execute();
  return segmentsOf(testSet, rows.map((row) => row.position));
}

/** The matching tests of all sets of a project that are not deleted: set by set (oldest first), in order, as segments. One statement. */
export async function selectTestsOfProject(db: Db, scope: Scope, projectId: string, filter: TestFilter | null): Promise<TestSegment[]> {
  let query = db
    .selectFrom("testSets")
    .innerJoin("testRevisions", (join) => join.on("testRevisions.organizationId", "=", scope.organizationId).onRef("testRevisions.testSetId", "=", "testSets.id").on("testRevisions.removedInVersion", "is", null))
    .select(["testSets.id", "testSets.version", "testSets.lastPosition", (eb) => eb.fn.agg<number[]>("array_agg", ["testRevisions.position"]).orderBy("testRevisions.position").as("positions")])
    .where("testSets.organizationId", "=", scope.organizationId)
    .where("testSets.projectId", "=", projectId)
    .where("testSets.deletedAt", "is", null);
  for (const condition of testConditions(scope, normalizeTestFilter(filter))) query = query.where(condition);
  const sets = await query.groupBy(["testSets.organizationId", "testSets.id"]).orderBy("testSets.id").execute();
  return sets.flatMap((set) => segmentsOf(set, set.positions));
}

/** Revisions as they stood in the version, in position order, with their prompts. One statement. */
export async function findRevisionsAt(db: Db, scope: Scope, at: RevisionsAt): Promise<TestRevision[]> {
  const { positions } = at;
  const query = revisionsWithPrompts(db, scope)
    .where("testRevisions.testSetId", "=", at.testSetId)
    .where(...addedBy(at.testSetVersion))
    .where(notRemovedBy(sql`${at.testSetVersion}::int`))
    .where("from" in positions ? sql<boolean>`${sql.ref("testRevisions.position")} between ${positions.from} and ${positions.to}` : sql<boolean>`${sql.ref("testRevisions.position")} = any(${positions}::int[])`);
  return (await query.orderBy("testRevisions.position").execute()).map(toRevision);
}

/** Revisions with their prompts, of whatever version. */
export async function findRevisionsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<TestRevision[]> {
  return (await revisionsWithPrompts(db, scope).where(isOneOf("testRevisions.id", ids)).execute()).map(toRevision);
}

/** The different behaviors of the segments' tests. One statement. */
export async function behaviorIdsOf(db: Db, scope: Scope, segments: readonly TestSegment[]): Promise<string[]> {
  const { rows } = await sql<{ behaviorId: string }>`
    select distinct r.behavior_id
    from json_to_recordset(${JSON.stringify(segments)}::json) as s("testSetId" uuid, "testSetVersion" int, positions int[])
    join test_revisions r on r.organization_id = ${scope.organizationId} and r.test_set_id = s."testSetId"
      and r.added_in_version <= s."testSetVersion" and (r.removed_in_version is null or r.removed_in_version > s."testSetVersion")
      and (s.positions is null or r.position = any(s.positions))
    where r.behavior_id is not null
    order by r.behavior_id`.execute(db);
  return rows.map((row) => row.behaviorId);
}

/** Whether any of the segments' tests is a conversation without a script, in which somebody has to play the user. One statement. */
export async function hasUnscriptedTests(db: Db, scope: Scope, segments: readonly TestSegment[]): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (
      select 1
      from json_to_recordset(${JSON.stringify(segments)}::json) as s("testSetId" uuid, "testSetVersion" int, positions int[])
      join test_revisions r on r.organization_id = ${scope.organizationId} and r.test_set_id = s."testSetId"
        and r.added_in_version <= s."testSetVersion" and (r.removed_in_version is null or r.removed_in_version > s."testSetVersion")
        and (s.positions is null or r.position = any(s.positions))
      where r.type = 'MULTI_TURN' and jsonb_array_length(r.conversation -> 'scriptedTurns') = 0
    ) as found`.execute(db);
  return rows[0]?.found === true;
}

function addedBy(version: number) {
  return ["testRevisions.addedInVersion", "<=", version] as const;
}

function notRemovedBy(version: ReturnType<typeof sql>) {
  return sql<boolean>`(${sql.ref("testRevisions.removedInVersion")} is null or ${sql.ref("testRevisions.removedInVersion")} > ${version})`;
}

function revisionsWithPrompts(db: Db, scope: Scope) {
  return db
    .selectFrom("testRevisions")
    .leftJoin("prompts", (join) => join.on("prompts.organizationId", "=", scope.organizationId).onRef("prompts.id", "=", "testRevisions.promptId"))
    .select([
      "testRevisions.organizationId", "testRevisions.id", "testRevisions.testId", "testRevisions.testSetId", "testRevisions.position", "testRevisions.type", "testRevisions.key", "testRevisions.promptId",
      "testRevisions.conversation", "testRevisions.behaviorId", "testRevisions.categoryId", "testRevisions.topicId", "testRevisions.useCaseId", "testRevisions.tags", "testRevisions.metadata",
      "prompts.content", "prompts.expectedResponse", "prompts.languageCode", "prompts.context",
    ])
    .where("testRevisions.organizationId", "=", scope.organizationId);
}

type RevisionRow = Awaited<ReturnType<ReturnType<typeof revisionsWithPrompts>["execute"]>>[number];

function toRevision(row: RevisionRow): TestRevision {
  const { organizationId, promptId, content, expectedResponse, languageCode, context, ...revision } = row;
  const prompt: Prompt | null = promptId === null ? null : { organizationId, id: promptId, content: content ?? "", expectedResponse, languageCode, context: context ?? [] };
  return { ...revision, prompt };
}
