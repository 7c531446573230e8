import { type Db, systemScope } from "../db/index.js";
import type { SecretBox } from "../secrets.js";
import { placeOfEndpoint } from "./endpoint-credentials.js";
import { placeOfModel } from "./model.js";

/**
 * Seals every endpoint's and model's secrets of all organizations anew under the present key of `secrets`, which must
 * know the older keys, too; answers how many. One row at a time, so it can run beside a working gateway, and safe to
 * repeat: what is sealed under the present key already stays. Throws SecretUnreadableError, naming the row, for a text of an unknown key.
 */
export async function resealSecrets(db: Db, secrets: SecretBox): Promise<number> {
  const system = systemScope(db); // a key is the whole gateway's, not a tenant's
  const endpoints = await system.selectFrom("endpoints").select(["organizationId", "id", "credentials"]).where("credentials", "is not", null).execute();
  const models = await system.selectFrom("models").select(["organizationId", "id", "apiKey"]).where("apiKey", "is not", null).execute();
  let count = 0;
  for (const { organizationId, id, credentials } of endpoints) {
    if (credentials === null || !secrets.isOutdated(credentials)) continue;
    const place = placeOfEndpoint(id);
    // The old text in the condition: an update in between has sealed under a key of its own, and wins.
    const sealed = secrets.seal(secrets.open(credentials, place), place);
    const result = await system.updateTable("endpoints").set({ credentials: sealed }).where("organizationId", "=", organizationId).where("id", "=", id).where("credentials", "=", credentials).executeTakeFirst();
    count += Number(result.numUpdatedRows);
  }
  for (const { organizationId, id, apiKey } of models) {
    if (apiKey === null || !secrets.isOutdated(apiKey)) continue;
    const place = placeOfModel(id);
    const sealed = secrets.seal(secrets.open(apiKey, place), place);
    const result = await system.updateTable("models").set({ apiKey: sealed }).where("organizationId", "=", organizationId).where("id", "=", id).where("apiKey", "=", apiKey).executeTakeFirst();
    count += Number(result.numUpdatedRows);
  }
  return count;
}
