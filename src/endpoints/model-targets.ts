import type { Db } from "../db/index.js";
import { NotFoundError } from "../errors.js";
import type { SecretBox } from "../secrets.js";
import type { Scope } from "../viewer.js";
import { type ModelTarget, placeOfModel } from "./model.js";
import { findModelsByIds, findSealedApiKeys } from "./model.repository.js";

/** Reads models with their keys, for calling them: everything of a model is live, as runs pin only which one judges. */
export class ModelTargets {
  readonly #db: Db;
  readonly #secrets: SecretBox;

  constructor(deps: { db: Db; secrets: SecretBox }) {
    this.#db = deps.db;
    this.#secrets = deps.secrets;
  }

  /** Deleted models included, whose runs go on. NOT_FOUND; SECRET_UNREADABLE under another key. Two statements. */
  async read(scope: Scope, modelId: string): Promise<ModelTarget> {
    const [[model], keys] = await Promise.all([findModelsByIds(this.#db, scope, [modelId]), findSealedApiKeys(this.#db, scope, [modelId])]);
    if (model === undefined) throw new NotFoundError("model", modelId);
    const sealed = keys.get(modelId) ?? null;
    return { model, apiKey: sealed === null ? null : this.#secrets.open(sealed, placeOfModel(modelId)) };
  }
}
