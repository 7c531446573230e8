import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resealMetricSecrets, RemoteMetricTargets } from "../../src/metrics/index.js";
import { SecretBox } from "../../src/secrets.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const FIELDS = "id kind url hasSecret limits { timeoutMs maxConcurrency requestsPerMinute maxAttempts } parameters scoreType threshold version";
const CREATE = `mutation ($input: CreateMetricInput!) { createMetric(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateMetricInput!) { updateMetric(input: $input) { ${FIELDS} } }`;
const REMOTE = { kind: "REMOTE", url: "https://scores.example/judge", scoreType: "BINARY" };

async function create(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(CREATE, { input: { ...REMOTE, ...input } }))["createMetric"];
}

async function update(id: unknown, changes: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(UPDATE, { input: { metric: { id }, ...changes } }))["updateMetric"];
}

async function wrong(input: Record<string, unknown>): Promise<string[]> {
  return (await app.error(CREATE, { input: { name: "Wrong", ...REMOTE, ...input } }))["problems"].map((problem: { field: string }) => problem.field);
}

/** The secret as it would sign a request, read by the key that the app was given. */
async function storedSecret(id: string): Promise<string | null> {
  return (await app.services.execution.remoteMetrics.read(app.admin, id)).secret;
}

describe("a REMOTE metric", () => {
  it("has a url, limits with the defaults of endpoints, and any parameters", async () => {
    expect(await create({ name: "Plain" })).toEqual({
      id: expect.any(String),
      kind: "REMOTE",
      url: "https://scores.example/judge",
      hasSecret: false,
      limits: { timeoutMs: 60000, maxConcurrency: 10, requestsPerMinute: null, maxAttempts: 3 },
      parameters: {},
      scoreType: "BINARY",
      threshold: null,
      version: 1,
    });
    expect(await create({ name: "Tuned", limits: { timeoutMs: 500, maxAttempts: 1 }, parameters: { strict: { deep: [1] } }, scoreType: null, threshold: 0.2 })).toMatchObject({ limits: { timeoutMs: 500, maxConcurrency: 10, maxAttempts: 1 }, parameters: { strict: { deep: [1] } }, scoreType: "NUMERIC", threshold: 0.2 });
  });

  it("lists all problems at once and repeats no secret", async () => {
    expect(await wrong({ url: undefined, model: undefined, evaluationPrompt: "x", limits: { maxAttempts: 11, timeoutMs: 0 }, secret: " ", threshold: 1 })).toEqual(["input.evaluationPrompt", "input.threshold", "input.url", "input.limits.timeoutMs", "input.limits.maxAttempts", "input.secret"]);
    expect(await wrong({ url: "ftp://a.example" })).toEqual(["input.url"]);
    expect(await wrong({ url: "https://a.example/{{ input }}" })).toEqual(["input.url"]);
    const error = await app.error(CREATE, { input: { name: "A", ...REMOTE, url: "nothing", secret: "s3cr3t-s3cr3t" } });
    expect(JSON.stringify(error)).not.toContain("s3cr3t");
  });

  it("may not be on a private address unless that is allowed", async () => {
    const guarded = await createTestApp({ allowPrivateAddresses: false });
    try {
      const error = await guarded.error(CREATE, { input: { name: "", ...REMOTE, url: "http://169.254.169.254/latest" } });
      expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "BLOCKED_ADDRESS" });
      expect(error["problems"].map((problem: { field: string }) => problem.field)).toEqual(["input.name", "input.url"]);
      const { createMetric } = await guarded.data(CREATE, { input: { name: "Public", ...REMOTE } });
      expect(await guarded.error(UPDATE, { input: { metric: { id: createMetric.id }, url: "http://localhost:1" } })).toMatchObject({ reason: "BLOCKED_ADDRESS" });
    } finally {
      await guarded.close();
    }
  });

  it("keeps its secret encrypted, out of every answer and version, and lets it be replaced, kept and removed", async () => {
    const { id } = await create({ name: "Signed", secret: "s3cr3t-1" });
    expect(await update(id, { secret: "***", description: "x" })).toMatchObject({ hasSecret: true, version: 2 });
    expect(await storedSecret(id)).toBe("s3cr3t-1");
    expect(await update(id, { secret: "s3cr3t-2" })).toMatchObject({ hasSecret: true, version: 2 });
    expect(await storedSecret(id)).toBe("s3cr3t-2");
    const { rows } = await app.database.pool.query("select (select row_to_json(m)::text from metrics m where id = $1) || (select json_agg(v)::text from metric_versions v where metric_id = $1) as text", [id]);
    expect(rows[0].text).not.toContain("s3cr3t");
    expect(await update(id, { secret: null })).toMatchObject({ hasSecret: false, version: 2 });
    expect(await storedSecret(id)).toBeNull();
    expect((await app.error(UPDATE, { input: { metric: { id }, secret: "***" } }))["problems"]).toMatchObject([{ field: "input.secret" }]);
    expect(await wrong({ secret: "***" })).toEqual(["input.secret"]);
  });

  it("merges limits, and its calls go by those of the latest version", async () => {
    const { id } = await create({ name: "Limited", limits: { maxConcurrency: 2, requestsPerMinute: 60 } });
    expect(await update(id, { limits: { maxConcurrency: 3 } })).toMatchObject({ version: 2, limits: { maxConcurrency: 3, requestsPerMinute: 60, maxAttempts: 3 } });
    expect((await app.services.execution.remoteMetrics.read(app.admin, id)).limits).toEqual({ timeoutMs: 60000, maxConcurrency: 3, requestsPerMinute: 60, maxAttempts: 3 });
    expect(await update(id, { limits: null })).toMatchObject({ version: 3, limits: { maxConcurrency: 10, requestsPerMinute: null } });
    expect((await app.error(UPDATE, { input: { metric: { id }, url: null } }))["problems"]).toMatchObject([{ field: "input.url" }]);
  });

  it("has its secret sealed anew under another key, once", async () => {
    const [old, next] = [randomBytes(32), randomBytes(32)];
    const other = await createTestApp({ secretKey: old });
    try {
      const { createMetric } = await other.data(CREATE, { input: { name: "Rotated", ...REMOTE, secret: "s3cr3t-3" } });
      const rotating = new SecretBox(next, [old]);
      expect(await resealMetricSecrets(other.database.db, rotating)).toBe(1);
      expect(await resealMetricSecrets(other.database.db, rotating)).toBe(0);
      expect((await new RemoteMetricTargets({ db: other.database.db, secrets: new SecretBox(next) }).read(other.admin, createMetric.id)).secret).toBe("s3cr3t-3");
    } finally {
      await other.close();
    }
  });
});
