import { expressionBuilder, type Insertable, sql } from "kysely";
import { behindCursor, type Database, type Db, isOneOf, keyset, type OrderColumn, type Page, type Paging, toPage, type Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ExperimentVersion } from "./experiment.js";
import type { ExperimentVersionTable } from "./experiment.table.js";

const NEWEST_FIRST: readonly OrderColumn[] = [{ ref: "experimentVersions.number", key: "number", direction: "desc", type: "integer" }];

function versions(db: Db, scope: Scope) {
  return db.selectFrom("experimentVersions").where("experimentVersions.organizationId", "=", scope.organizationId);
}

export function findExperimentVersionsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<ExperimentVersion[]> {
  return versions(db, scope).selectAll().where(isOneOf("id", ids)).execute();
}

/** The latest version of each experiment. */
export function findLatestVersions(db: Db, scope: Scope, experimentIds: readonly string[]): Promise<ExperimentVersion[]> {
  return versions(db, scope)
    .innerJoin("experiments", (join) =>
      join.on("experiments.organizationId", "=", scope.organizationId).onRef("experiments.id", "=", "experimentVersions.experimentId").onRef("experiments.latestVersion", "=", "experimentVersions.number"),
    )
    .selectAll("experimentVersions")
    .where(isOneOf("experimentVersions.experimentId", experimentIds))
    .execute();
}

/** The version of the number of each experiment that has one. */
export function findVersionsByNumber(db: Db, scope: Scope, experimentIds: readonly string[], number: number): Promise<ExperimentVersion[]> {
  return versions(db, scope).selectAll().where(isOneOf("experimentId", experimentIds)).where("number", "=", number).execute();
}

/** A page of versions of each experiment, newest first: one statement for all of them, and a second one when a cursor is given. */
export async function listVersionsOfExperiments(db: Db, scope: Scope, experimentIds: readonly string[], paging: Paging): Promise<ReadonlyMap<string, Page<ExperimentVersion>>> {
  const ofParent = keyset(
    expressionBuilder<Database>().selectFrom("experimentVersions").selectAll().where("experimentVersions.organizationId", "=", scope.organizationId).where(sql<boolean>`experiment_versions.experiment_id = parents.id`),
    NEWEST_FIRST,
    paging,
  );
  const rows = await db
    .selectFrom(sql<{ id: string }>`unnest(${experimentIds}::uuid[])`.as<"parents">(sql`parents(id)`))
    .innerJoinLateral(ofParent.as("versions"), (join) => join.onTrue())
    .selectAll("versions")
    .orderBy("versions.number", paging.backward ? "asc" : "desc")
    .execute();
  const behind = paging.after === null && paging.before === null ? new Set<string>() : await experimentsWithVersionsBehind(db, scope, experimentIds, paging);
  const groups = Map.groupBy(rows, (row) => row.experimentId);
  const pages = experimentIds.map(async (id) => [id, await toPage(groups.get(id) ?? [], NEWEST_FIRST, paging, () => Promise.resolve(behind.has(id)))] as const);
  return new Map(await Promise.all(pages));
}

async function experimentsWithVersionsBehind(db: Db, scope: Scope, experimentIds: readonly string[], paging: Paging): Promise<ReadonlySet<string>> {
  const rows = await versions(db, scope).select("experimentId").distinct().where(isOneOf("experimentId", experimentIds)).where(behindCursor(NEWEST_FIRST, paging)).execute();
  return new Set(rows.map((row) => row.experimentId));
}

export async function countVersionsByExperimentIds(db: Db, scope: Scope, experimentIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await versions(db, scope)
    .select((eb) => ["experimentId", eb.fn.countAll<number>().as("count")])
    .where(isOneOf("experimentId", experimentIds))
    .groupBy("experimentId")
    .execute();
  return new Map(rows.map((row) => [row.experimentId, row.count]));
}

export function insertExperimentVersion(trx: Trx, row: Insertable<ExperimentVersionTable>): Promise<ExperimentVersion> {
  return trx.insertInto("experimentVersions").values(row).returningAll().executeTakeFirstOrThrow();
}
