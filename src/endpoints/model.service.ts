import { saysNothingChanged } from "../accounts/index.js";
import { type Db, type Page, type PageArgs, parsePaging, type StringFilter, type Trx, uniqueViolation } from "../db/index.js";
import { assertNotDeleted, type EntityRef, getByRef, type RefSource } from "../entity-ref.js";
import { ConflictError, NotFoundError } from "../errors.js";
import { IdKind, newId } from "../ids.js";
import type { SecretBox } from "../secrets.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import { changedModelDraft, type CreateModelArgs, type Model, type ModelDraft, modelDraft, type ModelTarget, placeOfModel, type UpdateModelArgs } from "./model.js";
import { countModels, findModelsByIds, findModelsByNames, findSealedApiKeys, insertModel, listModels, lockModelById, markModelDeleted, updateModel } from "./model.repository.js";

/** How models are found by refs. */
export function modelRefs(db: Db, scope: Scope): RefSource<Model> {
  return { kind: IdKind.MODEL, thing: "model", findByIds: (ids) => findModelsByIds(db, scope, ids), findByNames: (names) => findModelsByNames(db, scope, names) };
}

/** The models that judge or play the user. */
export class ModelService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #secrets: SecretBox;
  readonly #allowPrivate: boolean;

  constructor(deps: { db: Db; now: () => Date; secrets: SecretBox; allowPrivateAddresses: boolean }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#secrets = deps.secrets;
    this.#allowPrivate = deps.allowPrivateAddresses;
  }

  /** A page of those that are not deleted, newest first, and their count. BAD_USER_INPUT for paging arguments. */
  async list(scope: Scope, args: { name: StringFilter | null; page: PageArgs }): Promise<{ page: Page<Model>; count: () => Promise<number> }> {
    const paging = parsePaging(args.page, ["models", args.name]);
    return { page: await listModels(this.#db, scope, { name: args.name, paging }), count: () => countModels(this.#db, scope, args.name) };
  }

  /** Makes a model. BAD_USER_INPUT with all problems (reason BLOCKED_ADDRESS for a private address); CONFLICT, NAME_TAKEN. */
  async create(viewer: Viewer, args: CreateModelArgs): Promise<Model> {
    requireRole(viewer, Role.EDITOR);
    const draft = modelDraft(args, this.#allowPrivate);
    const now = this.#now();
    const id = newId(IdKind.MODEL, now.getTime());
    return this.#named(draft.name, async () => {
      await insertModel(this.#db, viewer, { id, draft: this.#sealed(id, draft), now });
      return this.#read(this.#db, viewer, id);
    });
  }

  /** Changes a model. NOT_FOUND; CONFLICT, NAME_TAKEN; FAILED_PRECONDITION, DELETED; and what `create` refuses. Safe to repeat. */
  async update(viewer: Viewer, args: UpdateModelArgs): Promise<Model> {
    requireRole(viewer, Role.EDITOR);
    const { id } = await getByRef(modelRefs(this.#db, viewer), args.model);
    return this.#named(args.name ?? "", () =>
      this.#db.transaction().execute(async (trx) => {
        if (!(await lockModelById(trx, viewer, id))) throw new NotFoundError("model", id);
        const present = await this.#target(trx, viewer, assertNotDeleted("model", await this.#read(trx, viewer, id)));
        const draft = changedModelDraft(present, args, this.#allowPrivate);
        await updateModel(trx, viewer, { id, draft: this.#sealed(id, draft) });
        return this.#read(trx, viewer, id);
      }),
    );
  }

  /** Hides a model and answers its id; metrics keep showing it. NOT_FOUND. Safe to repeat by id. */
  async delete(viewer: Viewer, ref: EntityRef): Promise<string> {
    requireRole(viewer, Role.EDITOR);
    const { id } = await getByRef(modelRefs(this.#db, viewer), ref);
    if (!(await markModelDeleted(this.#db, viewer, { id, now: this.#now() }))) saysNothingChanged();
    return id;
  }

  async #target(trx: Trx, scope: Scope, model: Model): Promise<ModelTarget> {
    const keys = await findSealedApiKeys(trx, scope, [model.id]);
    return { model, apiKey: this.#open(model.id, keys.get(model.id) ?? null) };
  }

  async #read(db: Db, scope: Scope, id: string): Promise<Model> {
    const [model] = await findModelsByIds(db, scope, [id]);
    if (model === undefined) throw new NotFoundError("model", id);
    return model;
  }

  #open(id: string, sealed: string | null): string | null {
    return sealed === null ? null : this.#secrets.open(sealed, placeOfModel(id));
  }

  #sealed(id: string, draft: ModelDraft): ModelDraft {
    return { ...draft, apiKey: draft.apiKey === null ? null : this.#secrets.seal(draft.apiKey, placeOfModel(id)) };
  }

  async #named<T>(name: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (uniqueViolation(error) !== "models_name_key") throw error;
      throw new ConflictError("NAME_TAKEN", `There is a model "${name.trim()}" already. Choose another name, or update that one.`, {}, { cause: error });
    }
  }
}
