import type { Selectable } from "kysely";
import { type Db, isOneOf, type Page, type PageArgs, pageOf, parsePaging } from "../db/index.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { TestConfigurationTable } from "./run.table.js";

/** Reusable settings of an execution: which tests of a set go to which endpoint, and how. */
export type TestConfiguration = Selectable<TestConfigurationTable>;

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
