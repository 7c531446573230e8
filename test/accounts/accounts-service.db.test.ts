import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { AccountsService } from "../../src/accounts/index.js";
import { UnauthenticatedError } from "../../src/errors.js";
import { IdKind, isId, newId } from "../../src/ids.js";
import { Role } from "../../src/viewer.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

const databases: TestDatabase[] = [];
async function newDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  databases.push(database);
  return database;
}
afterAll(() => Promise.all(databases.map((database) => database.drop())));

let database: TestDatabase;
let now = new Date("2026-11-20T10:00:00.000Z");
let accounts: AccountsService;
beforeAll(async () => {
  database = await newDatabase();
  accounts = new AccountsService({ db: database.db, now: () => now });
});
afterEach(() => {
  now = new Date("2026-11-20T10:00:00.000Z");
});

const count = async (table: string, where = database): Promise<number> => (await where.pool.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]?.n ?? -1;
const secretOf = async (promise: Promise<string>): Promise<string> => promise;

describe("the first start", () => {
  it("makes one organization, however many processes start at once", async () => {
    const fresh = await newDatabase();
    const services = Array.from({ length: 6 }, () => new AccountsService({ db: fresh.db, now: () => now }));
    const made = (await Promise.all(services.map((service) => service.bootstrap(null)))).filter((each) => each !== null);
    expect(made).toEqual([{ madeSecret: expect.stringMatching(/^assay_[\w-]{43}$/) }]);
    for (const table of ["organizations", "projects", "users", "api_tokens"]) expect(await count(table, fresh), table).toBe(1);
    const [first, second] = services;
    expect(await second?.bootstrap("another-secret-of-16")).toBeNull();
    const viewer = await first?.authenticate(made[0]?.madeSecret ?? "");
    expect(viewer).toMatchObject({ role: "ADMIN", expiresAt: null });
    const { rows } = await fresh.pool.query("select o.name, p.name as project, u.name as user, u.email, u.role from organizations o join projects p on p.id = o.default_project_id join users u on u.organization_id = o.id");
    expect(rows).toEqual([{ name: "Default", project: "Default", user: "Admin", email: "admin@localhost", role: "ADMIN" }]);
  });

  it("takes the secret that it is given, and does not give it back to be printed", async () => {
    const fresh = await newDatabase();
    const service = new AccountsService({ db: fresh.db, now: () => now });
    expect(await service.bootstrap("a-secret-that-was-given")).toEqual({ madeSecret: null });
    expect(await service.authenticate("a-secret-that-was-given")).toMatchObject({ role: "ADMIN" });
  });
});

describe("a token", () => {
  it("tells its user and organization", async () => {
    const secret = await accounts.createOrganization({ name: "Acme", email: "ann@acme.example" });
    const viewer = await accounts.authenticate(secret);
    expect(isId(viewer.organizationId, IdKind.ORGANIZATION) && isId(viewer.userId, IdKind.USER) && isId(viewer.tokenId ?? "", IdKind.API_TOKEN)).toBe(true);
    expect(viewer).toMatchObject({ role: "ADMIN", expiresAt: null });
  });

  it("is stored as a hash, with a prefix too short to be of use", async () => {
    const secret = await accounts.createOrganization({ name: "Hash", email: "hash@example.com" });
    const { rows } = await database.pool.query<Record<string, unknown>>("select t.*, t::text as whole from api_tokens t order by created_at desc, id desc");
    expect(rows.some((row) => String(row["whole"]).includes(secret))).toBe(false);
    expect(rows.some((row) => row["prefix"] === secret.slice(0, 10))).toBe(true);
  });

  it.each(["", "unknown", "assay_unknown", "a".repeat(100_000), "ü\u0000"])("that is unknown (%.20s) is refused", async (secret) => {
    const refused = accounts.authenticate(secret);
    await expect(refused).rejects.toBeInstanceOf(UnauthenticatedError);
    await expect(refused).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  });

  it("that was revoked is as good as unknown, and one that is over says so, from that very moment", async () => {
    const secret = await accounts.createOrganization({ name: "Over", email: "over@example.com" });
    const { tokenId } = await accounts.authenticate(secret);
    await database.pool.query("update api_tokens set expires_at = $2 where id = $1", [tokenId, new Date(now.getTime() + 1_000)]);
    expect(await accounts.authenticate(secret)).toMatchObject({ expiresAt: new Date(now.getTime() + 1_000) });
    now = new Date(now.getTime() + 1_000);
    await expect(accounts.authenticate(secret)).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
    await database.pool.query("update api_tokens set revoked_at = now() where id = $1", [tokenId]);
    await expect(accounts.authenticate(secret)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  });

  it("allows the lower of its own role and its user's, as they are now", async () => {
    await accounts.createOrganization({ name: "Roles", email: "roles@example.com" });
    const secrets = new Map(await Promise.all(Object.values(Role).map(async (role) => [role, await secretOf(accounts.createTokenFor({ email: "roles@example.com", role, name: role }))] as const)));
    const ranked = Object.values(Role);
    for (const [userRank, userRole] of ranked.entries()) {
      await database.pool.query("update users set role = $1 where email = 'roles@example.com'", [userRole]);
      for (const [tokenRank, tokenRole] of ranked.entries()) {
        expect((await accounts.authenticate(secrets.get(tokenRole) ?? "")).role, `${tokenRole} of ${userRole}`).toBe(ranked[Math.min(userRank, tokenRank)]);
      }
    }
  });

  it("notes its use once a minute at the most", async () => {
    const secret = await accounts.createOrganization({ name: "Used", email: "used@example.com" });
    const lastUsed = async (): Promise<string | undefined> => (await database.pool.query<{ at: Date | null }>("select last_used_at as at from api_tokens t join users u on u.id = t.user_id where u.email = 'used@example.com'")).rows[0]?.at?.toISOString();
    expect(await lastUsed()).toBeUndefined();
    await accounts.authenticate(secret);
    expect(await lastUsed()).toBe("2026-11-20T10:00:00.000Z");
    now = new Date("2026-11-20T10:00:59.000Z");
    await accounts.authenticate(secret);
    expect(await lastUsed()).toBe("2026-11-20T10:00:00.000Z");
    now = new Date("2026-11-20T10:01:01.000Z");
    await accounts.authenticate(secret);
    expect(await lastUsed()).toBe("2026-11-20T10:01:01.000Z");
  });
});

describe("a token made in a shell", () => {
  it("has its user's role, or a lower one, never a higher", async () => {
    await accounts.createOrganization({ name: "Shell", email: "Shell@Example.com" });
    await database.pool.query("update users set role = 'EDITOR' where email = 'Shell@Example.com'");
    for (const [asked, stored] of [[null, "EDITOR"], [Role.VIEWER, "VIEWER"], [Role.EDITOR, "EDITOR"], [Role.ADMIN, "EDITOR"]] as const) {
      const { tokenId } = await accounts.authenticate(await accounts.createTokenFor({ email: "sHELL@example.COM", role: asked, name: "x" }));
      expect((await database.pool.query("select role from api_tokens where id = $1", [tokenId])).rows).toEqual([{ role: stored }]);
    }
  });

  it("is refused where no user, or several organizations', have the address", async () => {
    await expect(accounts.createTokenFor({ email: "nobody@example.com", role: null, name: "x" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    for (const name of ["One", "Two"]) await accounts.createOrganization({ name, email: "twice@example.com" });
    await expect(accounts.createTokenFor({ email: "twice@example.com", role: null, name: "x" })).rejects.toMatchObject({ code: "CONFLICT", reason: "AMBIGUOUS_NAME", details: { ids: [expect.any(String), expect.any(String)] } });
  });
});

describe("the project of new things", () => {
  it("is the one given, else the organization's default, never another organization's", async () => {
    const [mine, theirs] = await Promise.all([accounts.createOrganization({ name: "Mine", email: "mine@example.com" }), accounts.createOrganization({ name: "Theirs", email: "theirs@example.com" })]);
    const [viewer, other] = [await accounts.authenticate(mine), await accounts.authenticate(theirs)];
    const ours = await accounts.projectIdFor(viewer, null);
    expect(await accounts.projectIdFor(viewer, undefined)).toBe(ours);
    expect(await accounts.projectIdFor(viewer, ours)).toBe(ours);
    for (const id of [await accounts.projectIdFor(other, null), newId(IdKind.PROJECT), viewer.organizationId, "x"]) await expect(accounts.projectIdFor(viewer, id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
