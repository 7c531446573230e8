import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
let now = new Date("2026-11-21T12:00:00Z");
beforeAll(async () => {
  app = await createTestApp({ now: () => now });
});
afterAll(() => app.close());

const USER = "mutation ($input: CreateUserInput!) { createUser(input: $input) { id name email role } }";
const CHANGE = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { id name role } }";
const TOKEN = "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret token { id name prefix role expiresAt lastUsedAt revokedAt } } }";
const REVOKE = "mutation ($id: ID!) { revokeApiToken(id: $id) { id revokedAt } }";

async function user(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(USER, { input: { name: "Someone", role: "EDITOR", ...input } }))["createUser"];
}
async function token(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(TOKEN, { input: { name: "CI", role: "EDITOR", ...input } }))["createApiToken"];
}

describe("users", () => {
  it("are added with an address of their own, ignoring case", async () => {
    expect(await user({ name: " Ada ", email: "Ada@Example.com", role: "REVIEWER" })).toMatchObject({ name: "Ada", email: "Ada@Example.com", role: "REVIEWER" });
    expect(await app.error(USER, { input: { name: "Another", email: "ADA@example.COM", role: "VIEWER" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect(await app.error(USER, { input: { name: " ", email: "nobody", role: "VIEWER" } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.name" }, { field: "input.email" }] });
  });

  it("have a new role at once, with the tokens that they have", async () => {
    const { id } = await user({ email: "grace@example.com", role: "EDITOR" });
    const { secret } = await token({ userId: id, role: "EDITOR" });
    expect((await app.services.accounts.authenticate(secret)).role).toBe("EDITOR");
    expect(await app.data(CHANGE, { input: { id, role: "VIEWER" } })).toEqual({ updateUser: { id, name: "Someone", role: "VIEWER" } });
    expect((await app.services.accounts.authenticate(secret)).role).toBe("VIEWER");
    expect(await app.data(CHANGE, { input: { id, name: "Grace" } })).toEqual({ updateUser: { id, name: "Grace", role: "VIEWER" } });
    expect(await app.error(CHANGE, { input: { id, name: null, role: null } })).toMatchObject({ problems: [{ field: "input.name" }, { field: "input.role" }] });
  });

  it("always have an ADMIN among them, also when two are lowered at the same moment", async () => {
    expect(await app.error(CHANGE, { input: { id: app.admin.userId, role: "EDITOR" } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "LAST_ADMIN" });
    const { id } = await user({ email: "second@example.com", role: "ADMIN" });
    const answers = await Promise.all([app.admin.userId, id].map((each) => app.run(CHANGE, { input: { id: each, role: "EDITOR" } })));
    expect(answers.filter((answer) => answer.errors === undefined)).toHaveLength(1);
    const [admin] = await app.database.db.selectFrom("users").selectAll().where("organizationId", "=", app.admin.organizationId).where("role", "=", "ADMIN").execute();
    expect(admin).toBeDefined();
    await app.data(CHANGE, { input: { id: app.admin.userId, role: "ADMIN" } });
  });

  it("are shown to and changed by ADMIN alone, in their own organization", async () => {
    const editor = app.viewerWith(Role.EDITOR);
    const answer = await app.run("{ users { totalCount } apiTokens { totalCount } auditEvents { totalCount } viewer { role } }", {}, editor);
    expect(answer.data).toEqual({ users: null, apiTokens: null, auditEvents: null, viewer: { role: "EDITOR" } });
    expect(answer.errors?.map((error) => error.extensions?.["code"])).toEqual(["FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]);
    expect(await app.error(USER, { input: { name: "x", email: "x@example.com", role: "VIEWER" } }, editor)).toMatchObject({ code: "FORBIDDEN" });
    const other = await app.otherOrganization();
    expect(await app.error(CHANGE, { input: { id: app.admin.userId, name: "Theirs" } }, other)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(TOKEN, { input: { name: "x", role: "VIEWER", userId: app.admin.userId } }, other)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("are listed newest first in the same number of statements however many", async () => {
    for (let n = 1; n <= 20; n += 1) await user({ email: `listed-${n}@example.com` });
    const query = "query ($first: Int) { users(first: $first) { totalCount nodes { email role } } }";
    expect((await app.data(query, { first: 2 }))["users"].nodes.map((each: any) => each.email)).toHaveLength(2);
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });
});

describe("tokens", () => {
  it("are shown whole once, and kept as a hash", async () => {
    const { secret, token: made } = await token({ role: "VIEWER" });
    expect(secret).toMatch(/^assay_[\w-]{43}$/);
    expect(made).toEqual({ id: expect.any(String), name: "CI", prefix: secret.slice(0, 10), role: "VIEWER", expiresAt: null, lastUsedAt: null, revokedAt: null });
    expect(await app.services.accounts.authenticate(secret)).toMatchObject({ userId: app.admin.userId, tokenId: made.id, role: "VIEWER" });
    const rows = await app.database.db.selectFrom("apiTokens").selectAll().where("organizationId", "=", app.admin.organizationId).execute();
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it("never allow more than their user may", async () => {
    const { id } = await user({ email: "viewer@example.com", role: "VIEWER" });
    const { secret, token: made } = await token({ userId: id, role: "ADMIN" });
    expect(made.role).toBe("VIEWER");
    expect((await app.services.accounts.authenticate(secret)).role).toBe("VIEWER");
  });

  it("end when they expire, or are revoked, which may be repeated", async () => {
    const expiring = await token({ expiresAt: "2026-11-21T13:00:00.000Z" });
    const revoked = await token({});
    const first = await app.data(REVOKE, { id: revoked["token"].id });
    expect(first).toEqual({ revokeApiToken: { id: revoked["token"].id, revokedAt: "2026-11-21T12:00:00.000Z" } });
    await expect(app.services.accounts.authenticate(revoked["secret"])).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
    now = new Date("2026-11-21T13:00:00Z");
    await expect(app.services.accounts.authenticate(expiring["secret"])).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
    expect(await app.data(REVOKE, { id: revoked["token"].id })).toEqual(first);
    expect(await app.error(TOKEN, { input: { name: "", role: "VIEWER", expiresAt: "2026-11-21T13:00:00Z" } })).toMatchObject({ problems: [{ field: "input.name" }, { field: "input.expiresAt" }] });
    for (const id of ["nonsense", app.admin.userId]) expect(await app.error(REVOKE, { id })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("are nodes for ADMIN alone", async () => {
    const { token: made } = await token({});
    const query = "query ($id: ID!) { node(id: $id) { __typename ... on ApiToken { name } } }";
    expect(await app.data(query, { id: made.id })).toEqual({ node: { __typename: "ApiToken", name: "CI" } });
    expect(await app.data(query, { id: made.id }, app.viewerWith(Role.EDITOR))).toEqual({ node: null });
    expect(await app.data(query, { id: made.id }, await app.otherOrganization("Third"))).toEqual({ node: null });
  });

  it("are listed newest first in the same number of statements however many", async () => {
    for (let n = 1; n <= 20; n += 1) {
      now = new Date(now.getTime() + 1); // ids sort by the millisecond
      await token({ name: `Listed ${n}` });
    }
    const query = "query ($first: Int) { apiTokens(first: $first) { totalCount nodes { name prefix role } } }";
    expect((await app.data(query, { first: 2 }))["apiTokens"].nodes.map((each: any) => each.name)).toEqual(["Listed 20", "Listed 19"]);
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });
});
