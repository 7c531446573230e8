import { type Insertable, sql } from "kysely";
import { type Db, isOneOf, type OrderColumn, type Page, pagesOfParents, type Paging, subqueries, type Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ExperimentVersion } from "./experiment.js";
import type { ExperimentVersionTable } from "./experiment.table.js";

const NEWEST_FIRST: readonly OrderColumn[] = [{ ref: "experimentVersions.number", key: "number", direction: "desc", type: "integer" }];

function versions(db: Pick<Db, "selectFrom">, scope: Scope) {
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

/** A page of versions of each experiment, newest first. */
export function listVersionsOfExperiments(db: Db, scope: Scope, experimentIds: readonly string[], paging: Paging): Promise<ReadonlyMap<string, Page<ExperimentVersion>>> {
  const children = () => versions(subqueries(), scope).selectAll("experimentVersions").where(sql<boolean>`experiment_versions.experiment_id = parents.id`);
  return pagesOfParents<ExperimentVersion>(db, experimentIds, { children, order: NEWEST_FIRST, parentOf: (row) => row.experimentId }, paging);
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
