import { randomBytes } from "node:crypto";
import { chmod, copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { beginKeyRotation, endKeyRotation, loadOrCreateSecretKey, readSecretKeys } from "../../src/db/embedded/index.js";
import { SecretBox } from "../../src/secrets.js";
import { createTestDatabase } from "../support/database.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.js";
import { Deployment, runToEnd } from "../support/processes.js";

const ADMIN = "dist/src/bin/admin.js";
const key = (): string => randomBytes(32).toString("base64");

let dataDir: string;
let bot: FakeEndpoint;
const folders: string[] = [];
beforeAll(async () => {
  bot = await startFakeEndpoint();
});
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "assay-rotate-"));
  await chmod(dataDir, 0o711); // as root the embedded server runs as another user
  folders.push(dataDir);
});
afterAll(async () => {
  await bot.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const keyFiles = async (): Promise<string[]> => (await readdir(dataDir)).filter((name) => name.startsWith("secret.key")).sort();

describe("the key files of a data directory", () => {
  it("hold both keys from the beginning of a rotation to its end, wherever it is cut off", async () => {
    const old = await loadOrCreateSecretKey(dataDir);
    expect(readSecretKeys(dataDir)).toEqual([old]);
    // Cut off after the first of its two writes.
    await copyFile(join(dataDir, "secret.key"), join(dataDir, "secret.key.previous"));
    expect(readSecretKeys(dataDir)).toEqual([old]);
    await beginKeyRotation(dataDir);
    const [next, previous] = readSecretKeys(dataDir);
    expect(previous).toBe(old);
    expect(next).not.toBe(old);
    // Cut off while secrets are encrypted: it goes on with the same key.
    await beginKeyRotation(dataDir);
    expect(readSecretKeys(dataDir)).toEqual([next, old]);
    await endKeyRotation(dataDir);
    await endKeyRotation(dataDir);
    expect(readSecretKeys(dataDir)).toEqual([next]);
    expect(await keyFiles()).toEqual(["secret.key"]);
    expect((await readFile(join(dataDir, "secret.key"), "utf8")).trim()).toBe(next);
  });

  it("are read again by a working gateway when it seals, and when it finds what another key sealed", async () => {
    const decode = (): Buffer[] => readSecretKeys(dataDir).map((each) => Buffer.from(each, "base64"));
    const old = Buffer.from(await loadOrCreateSecretKey(dataDir), "base64");
    const gateway = new SecretBox(old, [], decode);
    await beginKeyRotation(dataDir);
    await endKeyRotation(dataDir);
    const afterwards = new SecretBox(decode()[0]!);
    expect(gateway.open(afterwards.seal("s3cr3t", "place"), "place")).toBe("s3cr3t");
    expect(afterwards.open(gateway.seal("s3cr3t", "place"), "place")).toBe("s3cr3t");
  });
});

/** What the gateway sends its endpoint as a credential. */
async function credentialSent(gateway: GatewayProcess): Promise<string | undefined> {
  bot.clear();
  const { probeEndpoint } = await gateway.client.request<{ probeEndpoint: { ok: boolean; error: unknown } }>(`mutation { probeEndpoint(endpoint: { name: "bot" }, input: "hello") { ok error { message } } }`);
  expect(probeEndpoint).toEqual({ ok: true, error: null });
  return bot.requests[0]?.headers["authorization"];
}

async function givenSecrets(gateway: GatewayProcess): Promise<void> {
  await gateway.client.request(`mutation ($url: String!) { createEndpoint(input: { name: "bot", url: $url, auth: { type: BEARER, token: "s3cr3t-of-the-bot" } }) { id } }`, { url: bot.url });
  await gateway.client.request(`mutation ($url: String!) { createModel(input: { name: "judge", baseUrl: $url, model: "m", apiKey: "s3cr3t-of-the-model" }) { id } }`, { url: bot.url });
  await gateway.client.request(`mutation ($url: String!) { createMetric(input: { name: "remote", kind: REMOTE, url: $url, scoreType: BINARY, secret: "s3cr3t-of-the-metric" }) { id } }`, { url: bot.url });
}

describe("npm run admin -- rotate-secret-key", () => {
  it("on the embedded database encrypts every secret under a new key, beside a working gateway, as often as wanted", async () => {
    let gateway = await startGatewayProcess({ dataDir });
    try {
      await givenSecrets(gateway);
      const before = readSecretKeys(dataDir);
      expect(await runToEnd(ADMIN, ["rotate-secret-key"], { DATA_DIR: dataDir })).toEqual({ code: 0, stdout: "Encrypted 3 secrets anew.\n", stderr: "" });
      expect(readSecretKeys(dataDir)).not.toEqual(before);
      expect(await keyFiles()).toEqual(["secret.key"]);
      expect(await credentialSent(gateway)).toBe("Bearer s3cr3t-of-the-bot");
      expect(await gateway.stop()).toBe(0);
      expect((await runToEnd(ADMIN, ["rotate-secret-key"], { DATA_DIR: dataDir })).stdout).toBe("Encrypted 3 secrets anew.\n");
      gateway = await startGatewayProcess({ dataDir });
      expect(await credentialSent(gateway)).toBe("Bearer s3cr3t-of-the-bot");
    } finally {
      await gateway.stop();
    }
  }, 180_000);

  it("with a key of the environment takes SECRET_KEY_PREVIOUS, and both open everything until it is done", async () => {
    const database = await createTestDatabase();
    const [older, newer] = [key(), key()];
    const deployment = new Deployment(database.url, { SECRET_KEY: older });
    try {
      const first = await deployment.startApi();
      await givenSecrets(first);
      const env = { ...deployment.env, SECRET_KEY: newer, SECRET_KEY_PREVIOUS: older };
      const { SECRET_KEY_PREVIOUS: _, ...onlyNewer } = env;
      const refused = await runToEnd(ADMIN, ["rotate-secret-key"], onlyNewer);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain("SECRET_KEY_PREVIOUS is needed");
      const both = await deployment.startApi({ SECRET_KEY: newer, SECRET_KEY_PREVIOUS: older });
      expect(await credentialSent(both)).toBe("Bearer s3cr3t-of-the-bot");
      expect((await runToEnd(ADMIN, ["rotate-secret-key"], env)).stdout).toBe("Encrypted 3 secrets anew.\n");
      expect((await runToEnd(ADMIN, ["rotate-secret-key"], env)).stdout).toBe("Encrypted 0 secrets anew.\n");
      const last = await deployment.startApi({ SECRET_KEY: newer });
      expect(await credentialSent(last)).toBe("Bearer s3cr3t-of-the-bot");
    } finally {
      await deployment.stop();
      await database.drop();
    }
  }, 180_000);
});
