import { expressionBuilder, Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { type Database, type Db, isOneOf, systemScope, TenantGuard } from "../../src/db/index.js";

const ORG = "01980000-0000-7100-8000-000000000001";
const RUN = "01980000-0000-7580-8000-000000000002";
// Compiling needs no server: the guard looks before anything is sent.
const db: Db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: new pg.Pool() }), plugins: [new TenantGuard(["organizations"])] });
const bare = expressionBuilder<Database, never>();

interface Compilable {
  compile(): unknown;
}
const allows = (query: Compilable): void => {
  expect(() => query.compile()).not.toThrow();
};
/** A query inside another one is looked at as soon as it is put there. */
const refuses = (query: () => Compilable): void => {
  expect(() => query().compile()).toThrow(/organizationId/);
};
const raw = (query: ReturnType<typeof sql>): Compilable => ({ compile: () => query.compile(db) });

describe("the tenant guard on statements", () => {
  it("allows each kind with the predicate and refuses it without", () => {
    allows(db.selectFrom("testRuns").selectAll().where("organizationId", "=", ORG));
    refuses(() => db.selectFrom("testRuns").selectAll());
    refuses(() => db.selectFrom("testRuns").selectAll().where("id", "=", RUN));
    allows(db.updateTable("testRuns").set({ name: "x" }).where("testRuns.organizationId", "=", ORG));
    refuses(() => db.updateTable("testRuns").set({ name: "x" }).where("id", "=", RUN));
    refuses(() => db.updateTable("testRuns").set({ organizationId: ORG }).where("id", "=", RUN));
    allows(db.deleteFrom("testRuns").where("organizationId", "=", ORG).where("id", "=", RUN));
    refuses(() => db.deleteFrom("testRuns").where("id", "=", RUN));
    allows(db.insertInto("projects").values({ organizationId: ORG, id: RUN, name: "p", description: null, createdAt: new Date() }));
    refuses(() => db.insertInto("projects").values({ id: RUN, name: "p", description: null, createdAt: new Date() } as never));
    refuses(() => db.insertInto("projects").defaultValues());
  });

  it("lets pass shared tables, other schemas and statements over nothing", () => {
    allows(db.selectFrom("organizations").selectAll());
    allows(db.selectNoFrom(sql`1`.as("one")));
    allows(db.withSchema("graphile_worker").selectFrom("testRuns").selectAll());
    refuses(() => db.withSchema("public").selectFrom("testRuns").selectAll());
    refuses(() => db.selectFrom("neverDeclared" as never).selectAll());
  });

  it("takes lists of organizations and tuples for a predicate, and comparisons that bind nothing for none", () => {
    allows(db.selectFrom("testRuns").select("id").where("organizationId", "in", [ORG]));
    allows(db.selectFrom("testRuns").select("id").where(isOneOf("organizationId", [ORG])));
    allows(db.selectFrom("testRuns").select("id").where((eb) => eb(eb.refTuple("organizationId", "id"), "in", [eb.tuple(ORG, RUN)])));
    for (const operator of ["!=", "<>", ">", "is not", "not in"] as const) refuses(() => db.selectFrom("testRuns").select("id").where("organizationId", operator, ORG as never));
    refuses(() => db.selectFrom("testRuns").select("id").whereRef("organizationId", "=", "organizationId"));
    refuses(() => db.selectFrom("testRuns").select("organizationId").groupBy("organizationId").orderBy("organizationId"));
  });

  it("refuses a predicate that an OR or a NOT makes optional", () => {
    refuses(() => db.selectFrom("testRuns").select("id").where((eb) => eb.or([eb("organizationId", "=", ORG), eb("status", "=", "QUEUED")])));
    refuses(() => db.selectFrom("testRuns").select("id").where((eb) => eb.not(eb("organizationId", "=", ORG))));
    refuses(() => db.selectFrom("testRuns").select("id").where(sql<boolean>`organization_id = ${ORG} or true`));
    allows(db.selectFrom("testRuns").select("id").where((eb) => eb.and([eb("organizationId", "=", ORG), eb.or([eb("status", "=", "QUEUED"), eb("status", "=", "RUNNING")])])));
    allows(db.selectFrom("testRuns").select("id").where(sql<boolean>`(organization_id = ${ORG} and (name is null or name = ''))`));
  });
});

describe("the tenant guard on several tables", () => {
  const results = () => db.selectFrom("testResults as results").innerJoin("testRuns as runs", "runs.id", "results.runId").select("results.ordinal");

  it("wants every joined table bound, by a value or by a table that is", () => {
    allows(results().where("results.organizationId", "=", ORG).where("runs.organizationId", "=", ORG));
    allows(results().where("results.organizationId", "=", ORG).whereRef("runs.organizationId", "=", "results.organizationId"));
    refuses(() => results().where("results.organizationId", "=", ORG));
    refuses(() => results().where("runs.organizationId", "=", ORG));
    refuses(() => results().where("organizationId" as never, "=", ORG as never));
    refuses(() => results().whereRef("runs.organizationId", "=", "results.organizationId"));
    refuses(() => results().where(sql.ref("runs.organizationId"), "=", sql.ref("results.organizationId")));
    refuses(() => results().where("runs.organizationId", "=", sql<string>`results.organization_id`));
    refuses(() => results().where(sql<boolean>`runs.organization_id = results.organization_id`));
    allows(results().where(sql<boolean>`runs.organization_id = results.organization_id and runs.organization_id = ${ORG}`));
    refuses(() => db.selectFrom(["testResults as results", "testRuns as runs"]).select("runs.id").where("results.organizationId", "=", ORG));
    refuses(() => db.selectFrom(["testResults", "testRuns"]).select("testRuns.id").where("testResults.organizationId", "=", ORG));
  });

  it("takes the ON of an inner join for both tables, that of an outer join for the joined one alone", () => {
    const joined = (kind: "innerJoin" | "leftJoin" | "rightJoin" | "fullJoin") =>
      (db.selectFrom("testResults as results") as any)[kind]("testRuns as runs", (join: any) => join.on("runs.organizationId", "=", ORG).on("results.organizationId", "=", ORG)).select("results.ordinal");
    allows(joined("innerJoin"));
    for (const kind of ["leftJoin", "rightJoin", "fullJoin"] as const) refuses(() => joined(kind));
    allows(db.selectFrom("testResults as results").leftJoin("testRuns as runs", (join) => join.onRef("runs.organizationId", "=", "results.organizationId")).select("ordinal").where("results.organizationId", "=", ORG));
    refuses(() => db.selectFrom("testResults as results").leftJoin("testRuns as runs", (join) => join.onRef("runs.organizationId", "=", "results.organizationId")).select("ordinal").where("runs.name", "=", "x"));
  });

  it("does not take a shared table for something to be bound to", () => {
    refuses(() => db.selectFrom("testRuns").innerJoin("organizations", "organizations.id", "testRuns.organizationId").select("testRuns.id"));
    allows(db.selectFrom("testRuns").innerJoin("organizations", "organizations.id", "testRuns.organizationId").select("testRuns.id").where("testRuns.organizationId", "=", ORG));
  });

  it("knows aliases, each by itself", () => {
    allows(db.selectFrom("testRuns as a").innerJoin("testRuns as b", "a.id", "b.sourceRunId").select("a.id").where("a.organizationId", "=", ORG).where("b.organizationId", "=", ORG));
    refuses(() => db.selectFrom("testRuns as a").innerJoin("testRuns as b", "a.id", "b.sourceRunId").select("a.id").where("a.organizationId", "=", ORG));
    refuses(() => db.updateTable("testRuns as r").set({ name: "x" }).where("r.id", "=", RUN));
    allows(db.updateTable("testRuns as r").set({ name: "x" }).where("r.organizationId", "=", ORG));
  });

  it("looks at UPDATE … FROM and DELETE … USING", () => {
    const update = db.updateTable("testResults").from("testRuns").set({ status: "ERROR" }).whereRef("testRuns.id", "=", "testResults.runId");
    refuses(() => update.where("testRuns.organizationId", "=", ORG));
    refuses(() => update.where("testResults.organizationId", "=", ORG));
    allows(update.where("testResults.organizationId", "=", ORG).where("testRuns.organizationId", "=", ORG));
    const removal = db.deleteFrom("testResults").using("testRuns").whereRef("testRuns.id", "=", "testResults.runId");
    refuses(() => removal.where("testResults.organizationId", "=", ORG));
    refuses(() => removal.where("testRuns.organizationId", "=", ORG));
    allows(removal.where("testResults.organizationId", "=", ORG).where("testRuns.organizationId", "=", ORG));
    refuses(() => db.mergeInto("testRuns").using("testResults", "testRuns.id", "testResults.runId").whenMatched().thenDelete());
  });
});

describe("the tenant guard inside statements", () => {
  const outer = () => db.selectFrom("testRuns").select("id").where("testRuns.organizationId", "=", ORG);

  it("looks into subqueries, wherever they stand", () => {
    refuses(() => outer().where("id", "in", db.selectFrom("testResults").select("runId")));
    refuses(() => outer().where((eb) => eb.exists(eb.selectFrom("testResults").select("ordinal").whereRef("testResults.runId", "=", "testRuns.id"))));
    allows(outer().where((eb) => eb.exists(eb.selectFrom("testResults").select("ordinal").whereRef("testResults.organizationId", "=", "testRuns.organizationId"))));
    refuses(() => outer().select((eb) => eb.selectFrom("testResults").select("ordinal").limit(1).as("one")));
    refuses(() => db.selectFrom((eb) => eb.selectFrom("testRuns").selectAll().as("inner")).selectAll());
    allows(db.selectFrom((eb) => eb.selectFrom("testRuns").selectAll().where("organizationId", "=", ORG).as("inner")).selectAll());
    refuses(() => outer().union(db.selectFrom("testResults").select("runId as id")));
    refuses(() => db.insertInto("projects").columns(["organizationId", "id", "name", "description", "createdAt"]).expression(db.selectFrom("projects").selectAll()));
    allows(db.insertInto("projects").columns(["organizationId", "id", "name", "description", "createdAt"]).expression(db.selectFrom("projects").selectAll().where("organizationId", "=", ORG)));
  });

  it("looks into lateral joins, which the outer row may bind", () => {
    const lateral = (query: any) => db.selectFrom("testRuns").innerJoinLateral(query, (join: any) => join.onTrue()).select("testRuns.id").where("testRuns.organizationId", "=", ORG);
    refuses(() => lateral(bare.selectFrom("testResults").selectAll().where(sql.ref("testResults.runId"), "=", sql.ref("testRuns.id")).as("page")));
    allows(lateral(bare.selectFrom("testResults").selectAll().where("testResults.organizationId", "=", ORG).as("page")));
    allows(lateral(bare.selectFrom("testResults").selectAll().where(sql.ref("testResults.organizationId"), "=", sql.ref("testRuns.organizationId")).as("page")));
    // Built from db itself it passes the guard twice, the second time under its SQL names.
    allows(lateral(db.selectFrom("testResults").selectAll().where("testResults.organizationId", "=", ORG).as("page")));
  });

  it("looks into common table expressions, writing ones included, and takes their names for them", () => {
    refuses(() => db.with("recent", (eb) => eb.selectFrom("testRuns").selectAll()).selectFrom("recent").selectAll());
    allows(db.with("recent", (eb) => eb.selectFrom("testRuns").selectAll().where("organizationId", "=", ORG)).selectFrom("recent").selectAll());
    refuses(() => db.with("gone", (eb) => eb.deleteFrom("testRuns").where("id", "=", RUN).returning("id")).selectFrom("gone").selectAll());
    refuses(() => db.with("made", (eb) => eb.updateTable("testRuns").set({ name: "x" }).returning("id")).selectFrom("made").selectAll());
    refuses(() => db.with("recent", (eb) => eb.selectFrom("testRuns").selectAll().where("organizationId", "=", ORG)).selectFrom("recent").innerJoin("testResults", "testResults.runId", "recent.id").selectAll());
  });

  it("is not misled by a common table expression with a table's own name", () => {
    refuses(() => db.with("testRuns", (eb) => eb.selectFrom("testRuns").selectAll()).selectFrom("testRuns").selectAll());
    refuses(() => db.with("testRuns", (eb) => eb.selectFrom("testRuns").selectAll().where("name", "=", "x")).selectFrom("testRuns").selectAll());
    allows(db.with("testRuns", (eb) => eb.selectFrom("testRuns").selectAll().where("organizationId", "=", ORG)).selectFrom("testRuns").selectAll());
    allows(db.withRecursive("chain", (eb) => eb.selectFrom("testRuns").select(["id", "sourceRunId"]).where("organizationId", "=", ORG).unionAll(eb.selectFrom("chain" as never).selectAll() as never)).selectFrom("chain").selectAll());
    // The name means the expression inside the statement only.
    refuses(() => db.selectFrom((eb) => eb.selectFrom(db.with("tests", (inner) => inner.selectNoFrom(sql`1`.as("id"))).selectFrom("tests").selectAll().as("a")).selectAll().as("b")).innerJoin("tests", "tests.id", "b.id" as never).selectAll());
  });
});

describe("the tenant guard on raw SQL", () => {
  it("allows statements that bind their tables and refuses others", () => {
    allows(raw(sql`select * from test_runs where organization_id = ${ORG}`));
    allows(raw(sql`select * from test_runs runs where runs.organization_id = any(${[ORG]}::uuid[])`));
    allows(raw(sql`insert into projects (organization_id, id) values (${ORG}, ${RUN}) on conflict (organization_id, id) do update set name = excluded.name`));
    allows(raw(sql`insert into projects(organization_id, id) select ${ORG}::uuid, id from unnest(${[RUN]}::uuid[]) as new_row(id)`));
    allows(raw(sql`select pg_notify(${"a"}, ${"b"})`));
    allows(raw(sql`select * from organizations`));
    allows(raw(sql`select * from graphile_worker._private_jobs`));
    allows(raw(sql`select * from unnest(${[1]}::int[]) as listed`));
    allows(raw(sql`with mine as (select * from test_runs where organization_id = ${ORG}) select * from mine`));
    refuses(() => raw(sql`select * from test_runs`));
    refuses(() => raw(sql`SELECT * FROM "test_runs" WHERE id = ${RUN}`));
    refuses(() => raw(sql`select * from public.test_runs`));
    refuses(() => raw(sql`insert into projects (id) values (${RUN})`));
    refuses(() => raw(sql`update test_runs set name = ${"x"} where id = ${RUN}`));
    refuses(() => raw(sql`delete from test_runs`));
    refuses(() => raw(sql`delete from test_results using test_runs where test_results.organization_id = ${ORG}`));
    refuses(() => raw(sql`with mine as (select * from test_runs) select * from mine`));
  });

  it("wants each table bound, and one of them to a value", () => {
    allows(raw(sql`select 1 from test_runs runs join test_results as results on results.organization_id = runs.organization_id where runs.organization_id = ${ORG}`));
    refuses(() => raw(sql`select 1 from test_runs runs join test_results results on results.run_id = runs.id where runs.organization_id = ${ORG}`));
    refuses(() => raw(sql`select 1 from test_runs runs cross join test_results where runs.organization_id = ${ORG}`));
    refuses(() => raw(sql`select 1 from test_runs runs, test_results results where runs.organization_id = ${ORG}`));
    refuses(() => raw(sql`select 1 from test_runs runs join test_results results on results.organization_id = runs.organization_id`));
    refuses(() => raw(sql`select organization_id from test_runs`));
  });

  it("sees through pieces put together, and tables named by helpers", () => {
    const condition = sql`runs.organization_id = ${ORG}`;
    allows(raw(sql`select * from ${sql.table("testRuns")} runs where ${condition}`));
    allows(raw(sql`select * from ${sql.raw("test_runs runs")} where ${sql.join([condition, sql`true`], sql` and `)}`));
    refuses(() => raw(sql`select * from ${sql.table("testRuns")}`));
    refuses(() => raw(sql`select * from ${sql.id("test_runs")}`));
    refuses(() => raw(sql`select * from ${sql.raw("test_runs")}`));
    refuses(() => raw(sql`${sql.raw("select * from test_runs")}`));
  });

  it("is not misled by words that only look like it", () => {
    allows(raw(sql`select extract(epoch from finished_at), substring(name from 2), name is distinct from other from test_runs where organization_id = ${ORG}`));
    allows(raw(sql`select id from test_runs where organization_id = ${ORG} for update of test_runs skip locked`));
    allows(raw(sql`select 1 from test_runs runs order by runs.id, name limit (select count(*) from organizations where id = runs.organization_id and runs.organization_id = ${ORG})`));
  });

  it("looks at raw pieces inside built statements", () => {
    const outer = () => db.selectFrom("testRuns").select("id").where("testRuns.organizationId", "=", ORG);
    refuses(() => outer().where(sql<boolean>`exists (select 1 from test_results where run_id = test_runs.id)`));
    allows(outer().where(sql<boolean>`exists (select 1 from test_results results where results.organization_id = ${ORG} and results.run_id = test_runs.id)`));
    allows(outer().where(sql<boolean>`exists (select 1 from test_results where test_results.organization_id = ${sql.ref("testRuns.organizationId")})`));
    refuses(() => db.selectFrom(sql<{ id: string }>`test_runs`.as("runs")).selectAll());
    allows(db.selectFrom(sql<{ id: string }>`unnest(${[RUN]}::uuid[])`.as<"listed">(sql`listed(id)`)).selectAll());
    refuses(() => db.selectFrom("testRuns").select("id").where(sql<boolean>`id = any(${[RUN]}::uuid[])`));
    refuses(() => outer().innerJoin(sql<{ ordinal: number }>`test_results`.as("results"), (join) => join.onTrue()).select("ordinal"));
  });
});

describe("systemScope", () => {
  it("sees all tenants, and still speaks in camel case", () => {
    const { sql: text } = systemScope(db).selectFrom("testRuns").select("organizationId").compile();
    expect(text).toBe('select "organization_id" from "test_runs"');
    refuses(() => db.selectFrom("testRuns").select("organizationId"));
  });
});
