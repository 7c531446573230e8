import type { Config } from "../config/config.js";
import { beginKeyRotation, endKeyRotation } from "../db/embedded/index.js";
import { resealSecrets } from "../endpoints/index.js";
import type { Logger } from "../log.js";
import { resealMetricSecrets } from "../metrics/index.js";
import { SecretBox } from "../secrets.js";
import { openStorage } from "./storage.js";

/**
 * Encrypts everything that is stored encrypted anew, and answers how many secrets that were. On the embedded database
 * it makes the new key itself; with a SECRET_KEY of the environment that is the new one, and SECRET_KEY_PREVIOUS names
 * what is to be replaced. Both open everything until it is done, so it can be cut off and run again at any time, also
 * beside working gateways.
 */
export async function rotateSecretKey(config: Config, log: Logger): Promise<number> {
  const hasKeyFile = config.databaseUrl === null && config.secretKey === null;
  if (!hasKeyFile && config.previousSecretKeys.length === 0) {
    throw new Error(
      "SECRET_KEY_PREVIOUS is needed. Make a new key (openssl rand -base64 32), set it as SECRET_KEY and the present one as SECRET_KEY_PREVIOUS for every process, restart them, and then run this command with both.",
    );
  }
  if (hasKeyFile) await beginKeyRotation(config.dataDir);
  const storage = await openStorage(config, "admin", log);
  try {
    const { db } = storage.client;
    const secrets = new SecretBox(storage.secretKey, storage.previousSecretKeys);
    const resealAll = async (): Promise<number> => (await resealSecrets(db, secrets)) + (await resealMetricSecrets(db, secrets));
    // Twice: a gateway may have sealed under the older key, and stored only after the first look.
    const count = (await resealAll()) + (await resealAll());
    if (hasKeyFile) await endKeyRotation(config.dataDir);
    return count;
  } finally {
    await storage.close();
  }
}
