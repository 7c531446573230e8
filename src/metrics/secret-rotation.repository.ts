import { type Db, systemScope } from "../db/index.js";
import type { SecretBox } from "../secrets.js";
import { openedSecret, sealedSecret } from "./metric-secrets.js";

/**
 * Seals every metric's secret of all organizations anew under the present key of `secrets`, which must know the older
 * keys, too; answers how many. One row at a time, so it can run beside a working gateway, and safe to repeat. Throws
 * SecretUnreadableError, naming the row, for a text of an unknown key.
 */
export async function resealMetricSecrets(db: Db, secrets: SecretBox): Promise<number> {
  const system = systemScope(db); // a key is the whole gateway's, not a tenant's
  const rows = await system.selectFrom("metrics").select(["organizationId", "id", "secret"]).where("secret", "is not", null).execute();
  let count = 0;
  for (const { organizationId, id, secret } of rows) {
    if (secret === null || !secrets.isOutdated(secret)) continue;
    const sealed = sealedSecret(secrets, id, openedSecret(secrets, id, secret) ?? "");
    // The old text in the condition: an update in between has sealed under a key of its own, and wins.
    const result = await system.updateTable("metrics").set({ secret: sealed }).where("organizationId", "=", organizationId).where("id", "=", id).where("secret", "=", secret).executeTakeFirst();
    count += Number(result.numUpdatedRows);
  }
  return count;
}
