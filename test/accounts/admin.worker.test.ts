import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountsService } from "../../src/accounts/index.js";
import { runAdmin } from "../../src/app/admin.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
let accounts: AccountsService;
beforeAll(async () => {
  database = await createTestDatabase();
  accounts = new AccountsService({ db: database.db, now: () => new Date() });
});
afterAll(() => database.drop());

/** The command in a process of its own, as a shell runs it. */
function admin(args: readonly string[], env: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
  const environment = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/tmp", DATABASE_URL: database.url, SECRET_KEY: Buffer.alloc(32, 1).toString("base64"), ...env };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "src/bin/admin.ts", ...args], { env: environment, encoding: "utf8" });
  return { status, stdout, stderr };
}
const TOKEN = /^token (assay_[\w-]{43})\n$/;

describe("administration from a shell", () => {
  it("makes an organization with an ADMIN, and further tokens for its users", async () => {
    const made = admin(["create-organization", "--name", "Acme Ltd", "--email", "ann@acme.example"]);
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(made.stdout).toMatch(TOKEN);
    const viewer = await accounts.authenticate(TOKEN.exec(made.stdout)?.[1] ?? "");
    expect(viewer.role).toBe("ADMIN");
    const token = admin(["create-token", "--email", "ANN@acme.example", "--role", "reviewer"]);
    expect(token).toMatchObject({ status: 0, stderr: "" });
    expect(await accounts.authenticate(TOKEN.exec(token.stdout)?.[1] ?? "")).toMatchObject({ role: "REVIEWER", organizationId: viewer.organizationId, userId: viewer.userId });
  });

  it.each<[string[], RegExp]>([
    [["create-token"], /--email is needed/],
    [["create-token", "--email", "nobody"], /must be a mail address/],
    [["create-organization", "--email", "x@example.com"], /--name is needed/],
    [["create-token", "--email", "x@example.com", "--role", "OWNER"], /--role must be one of VIEWER, REVIEWER, EDITOR, ADMIN/],
    [[], /Which command/],
    [["drop-everything"], /Which command/],
    [["create-token", "--email", "x@example.com", "--force"], /--force/],
  ])("with %j says what is wrong, before it looks for a database", async (args, message) => {
    await expect(runAdmin(args)).rejects.toThrow(message);
  });

  it("that fails ends with 1, without a stack", () => {
    const { status, stdout, stderr } = admin(["create-token", "--email", "nobody@example.com"]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/no user "nobody@example\.com"/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("says so when the database cannot be reached, without its password", () => {
    const nowhere = admin(["create-token", "--email", "x@example.com"], { DATABASE_URL: "postgres://user:s3cr3t@127.0.0.1:9/none" });
    expect(nowhere.status).toBe(1);
    expect(nowhere.stderr).toMatch(/ECONNREFUSED/);
    expect(nowhere.stderr).not.toContain("s3cr3t");
  });
});
