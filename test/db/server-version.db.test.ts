import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

// The container run is there for the oldest version; on another server it would show nothing.
test("the tests run on a supported PostgreSQL, and in containers on the oldest", async () => {
  const { rows } = await sql<{ major: number }>`select current_setting('server_version_num')::integer / 10000 as major`.execute(database.db);
  const major = rows[0]?.major ?? 0;
  expect(major).toBeGreaterThanOrEqual(15);
  expect(process.env["TEST_DATABASE"] !== "containers" || major === 15).toBe(true);
});
