import { chmod, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadOrCreateSecretKey } from "../../src/db/embedded/index.js";
import { cleanUp, makeDirectory } from "./embedded-support.js";

let parent = "";
beforeEach(async () => { parent = await makeDirectory(); });
afterEach(cleanUp);

test("the secret key is 32 bytes, its owner's alone, and the same ever after", async () => {
  const dataDir = join(parent, "new", "data");
  const key = await loadOrCreateSecretKey(dataDir);
  expect(Buffer.from(key, "base64")).toHaveLength(32);
  expect(await loadOrCreateSecretKey(dataDir)).toBe(key);
  const { mode, uid } = await stat(join(dataDir, "secret.key"));
  expect([mode & 0o777, uid]).toEqual([0o600, process.getuid?.()]);
});

test("of many that make the key at once all answer the one that is kept", async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateSecretKey(parent)));
  expect(new Set(keys)).toEqual(new Set([(await readFile(join(parent, "secret.key"), "utf8")).trim()]));
  expect(await readdir(parent)).toEqual(["secret.key"]);
});

test("a key mounted read-only is used as it is", async () => {
  const key = Buffer.alloc(32, 7).toString("base64");
  await writeFile(join(parent, "secret.key"), key);
  await chmod(join(parent, "secret.key"), 0o440);
  expect(await loadOrCreateSecretKey(parent)).toBe(key);
});

test.each(["", "c2hvcnQ=", "not base64 at all, but as long as a key is"])("a key file that holds %j is refused and kept", async (content) => {
  await writeFile(join(parent, "secret.key"), content);
  await expect(loadOrCreateSecretKey(parent)).rejects.toThrow(/secret\.key does not hold a key of 32 bytes/);
  expect(await readFile(join(parent, "secret.key"), "utf8")).toBe(content);
});
