import { type Insertable, sql, type Updateable } from "kysely";
import { type Db, isOneOf, type Page, type PageArgs, pageOf, parsePaging, type Trx } from "../db/index.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { TestConfigurationTable } from "./run.table.js";
import type { TestConfiguration } from "./test-configuration.js";

export type { TestConfiguration };

export interface TestConfigurationFilter {
  readonly testSetId: string | null;
  readonly endpointId: string | null;
}

/** With deleted ones, which their runs still show. */
export function findConfigurationsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<TestConfiguration[]> {
  return db.selectFrom("testConfigurations").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** A page of those that are not deleted, newest first. */
export function listConfigurations(db: Db, scope: Scope, args: { filter: TestConfigurationFilter; page: PageArgs }): Promise<Page<TestConfiguration>> {
  return pageOf(listed(db, scope, args.filter).selectAll(), [{ ref: "id", key: "id", direction: "desc", type: "uuid" }], parsePaging(args.page, ["testConfigurations", args.filter]));
}

export async function countConfigurations(db: Db, scope: Scope, filter: TestConfigurationFilter): Promise<number> {
  return (await listed(db, scope, filter).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

function listed(db: Db, scope: Scope, { testSetId, endpointId }: TestConfigurationFilter) {
  let query = db.selectFrom("testConfigurations").where("organizationId", "=", scope.organizationId).where("deletedAt", "is", null);
  // An ill-formed id is that of nothing.
  if (testSetId !== null) query = query.where(isOneOf("testSetId", isId(testSetId, IdKind.TEST_SET) ? [testSetId] : []));
  if (endpointId !== null) query = query.where(isOneOf("endpointId", isId(endpointId, IdKind.ENDPOINT) ? [endpointId] : []));
  return query;
}

/** The configuration under lock, or null. With deleted ones. */
export async function lockConfigurationById(trx: Trx, scope: Scope, id: string): Promise<TestConfiguration | null> {
  return (await trx.selectFrom("testConfigurations").selectAll().where("organizationId", "=", scope.organizationId).where("id", "=", id).forNoKeyUpdate().executeTakeFirst()) ?? null;
}

export function insertConfiguration(db: Db, row: Insertable<TestConfigurationTable>): Promise<TestConfiguration> {
  return db.insertInto("testConfigurations").values(row).returningAll().executeTakeFirstOrThrow();
}

/** The configuration after the changes; the caller holds its lock. */
export function updateConfiguration(trx: Trx, scope: Scope, id: string, changes: Omit<Updateable<TestConfigurationTable>, "organizationId" | "id">): Promise<TestConfiguration> {
  return trx.updateTable("testConfigurations").set(changes).where("organizationId", "=", scope.organizationId).where("id", "=", id).returningAll().executeTakeFirstOrThrow();
}

/** Whether a prompt of the id is there. */
export async function hasPrompt(db: Db, scope: Scope, id: string): Promise<boolean> {
  const found = await db.selectFrom("prompts").select("id").where("organizationId", "=", scope.organizationId).where("id", "=", id).executeTakeFirst();
  return found !== undefined;
}

/**
 * The number of the next run against the endpoint that has no set, from 1: for default names. Such runs of one endpoint
 * are queued one after the other, so that two never get the same number.
 */
export async function takeProjectRunNumber(trx: Trx, scope: Scope, endpointId: string): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`runs of ${scope.organizationId} without a set against ${endpointId}`}, 0))`.execute(trx);
  const { count } = await trx
    .selectFrom("testRuns")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("organizationId", "=", scope.organizationId)
    .where("endpointId", "=", endpointId)
    .where("testSetId", "is", null)
    .executeTakeFirstOrThrow();
  return count + 1;
}
