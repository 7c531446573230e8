import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isNamed, isOneOf, type Page, type PageArgs, pageOf, parsePaging, type StringFilter, stringConditions, type Trx } from "../db/index.js";
import type { RefSource } from "../entity-ref.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { Experiment } from "./experiment.js";

/** Which experiments are meant; the fields are ANDed. */
export interface ExperimentFilter {
  readonly name: StringFilter | null;
  readonly projectId: string | null;
}

export function findExperimentsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Experiment[]> {
  return db.selectFrom("experiments").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** By names in whatever case; of one project where it is given. */
export function findExperimentsByNames(db: Db, scope: Scope, names: readonly string[], projectId: string | null): Promise<Experiment[]> {
  const query = db
    .selectFrom("experiments")
    .selectAll()
    .where("organizationId", "=", scope.organizationId)
    .where(isNamed("name", names));
  return (projectId === null ? query : query.where("projectId", "=", projectId)).orderBy("id").execute();
}

/** How refs find experiments; of all projects unless one is given, whose id the caller has checked. */
export function experimentRefs(db: Db, scope: Scope, projectId: string | null = null): RefSource<Experiment> {
  return {
    kind: IdKind.EXPERIMENT,
    thing: "experiment",
    findByIds: async (ids) => (await findExperimentsByIds(db, scope, ids)).filter((experiment) => projectId === null || experiment.projectId === projectId),
    findByNames: (names) => findExperimentsByNames(db, scope, names, projectId),
  };
}

/** A page, newest first. */
export function listExperiments(db: Db, scope: Scope, args: { filter: ExperimentFilter; page: PageArgs }): Promise<Page<Experiment>> {
  return pageOf(listed(db, scope, args.filter).selectAll(), [{ ref: "experiments.id", key: "id", direction: "desc", type: "uuid" }], parsePaging(args.page, ["experiments", args.filter]));
}

export async function countExperiments(db: Db, scope: Scope, filter: ExperimentFilter): Promise<number> {
  return (await listed(db, scope, filter).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

function listed(db: Db, scope: Scope, { name, projectId }: ExperimentFilter): SelectQueryBuilder<Database, "experiments", object> {
  let query: SelectQueryBuilder<Database, "experiments", object> = db.selectFrom("experiments").where("organizationId", "=", scope.organizationId);
  // An ill-formed id is that of nothing.
  if (projectId !== null) query = query.where(isOneOf("projectId", isId(projectId, IdKind.PROJECT) ? [projectId] : []));
  return stringConditions("name", name).reduce((narrowed, condition) => narrowed.where(condition), query);
}

/** The experiment under lock, or null: whoever commits a version comes one after the other. */
export async function lockExperimentById(trx: Trx, scope: Scope, id: string): Promise<Experiment | null> {
  return (await trx.selectFrom("experiments").selectAll().where("organizationId", "=", scope.organizationId).where("id", "=", id).forNoKeyUpdate().executeTakeFirst()) ?? null;
}

/**
 * The project's experiment of the row's name under lock, made from the row where there is none. Two transactions that
 * make the same name wait for each other, and the second gets the first's.
 */
export async function insertOrLockExperiment(trx: Trx, row: Omit<Experiment, "latestVersion">): Promise<Experiment> {
  await sql`
    insert into experiments (organization_id, id, project_id, name, description, created_at)
    values (${row.organizationId}, ${row.id}, ${row.projectId}, ${row.name}, ${row.description}, ${row.createdAt})
    on conflict (organization_id, project_id, lower(name)) do nothing`.execute(trx);
  return trx
    .selectFrom("experiments")
    .selectAll()
    .where("organizationId", "=", row.organizationId)
    .where("projectId", "=", row.projectId)
    .where(sql<boolean>`lower(name) = lower(${row.name})`)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
}

/** The experiment after the change; the caller holds its lock. What is undefined stays. */
export function updateExperiment(trx: Trx, scope: Scope, id: string, changes: { description?: string | null | undefined; latestVersion?: number | undefined }): Promise<Experiment> {
  return trx
    .updateTable("experiments")
    .set({ id, description: changes.description, latestVersion: changes.latestVersion }) // the id: an update of nothing would be no statement
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
