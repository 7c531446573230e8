import { type AccountsService, saysNothingChanged } from "../accounts/index.js";
import { type Db, type Page, type PageArgs, parsePaging, type StringFilter, type Trx, uniqueViolation } from "../db/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, getByRef, type RefSource } from "../entity-ref.js";
import { ConflictError, NotFoundError } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import type { SecretBox } from "../secrets.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import { type Credentials, type Endpoint, versionHash } from "./endpoint.js";
import { openCredentials, sealCredentials } from "./endpoint-credentials.js";
import { changedDraft, draftOf, type EndpointDraft } from "./endpoint-draft.js";
import type { CreateEndpointArgs, UpdateEndpointArgs } from "./endpoint-input.js";
import { countEndpoints, type EndpointFilter, findEndpointsByIds, findEndpointsByNames, insertEndpoint, listEndpoints, lockEndpointById, markEndpointDeleted, updateEndpoint, upsertEndpointVersion } from "./endpoint.repository.js";

/** How endpoints are found by refs; of all projects unless one is given. */
export function endpointRefs(db: Db, scope: Scope, projectId: string | null = null): RefSource<Endpoint> {
  return {
    kind: IdKind.ENDPOINT,
    thing: "endpoint",
    findByIds: async (ids) => (await findEndpointsByIds(db, scope, ids)).filter((endpoint) => projectId === null || endpoint.projectId === projectId),
    findByNames: (names) => findEndpointsByNames(db, scope, names, projectId),
  };
}

/** Whom tests are sent to: makes, changes, finds and deletes endpoints. */
export class EndpointService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #accounts: AccountsService;
  readonly #secrets: SecretBox;
  readonly #allowPrivate: boolean;

  constructor(deps: { db: Db; now: () => Date; accounts: AccountsService; secrets: SecretBox; allowPrivateAddresses: boolean }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#accounts = deps.accounts;
    this.#secrets = deps.secrets;
    this.#allowPrivate = deps.allowPrivateAddresses;
  }

  /** Null when it is not there. CONFLICT, AMBIGUOUS_NAME for a name that several projects have. */
  async find(scope: Scope, ref: EntityRef, projectId: string | null): Promise<Endpoint | null> {
    if (projectId !== null && !isId(projectId, IdKind.PROJECT)) return null;
    const [found] = await findByRefs(endpointRefs(this.#db, scope, projectId), [ref]);
    return found ?? null;
  }

  /** A page, newest first, and the count under the same filter. BAD_USER_INPUT for paging arguments. */
  async list(scope: Scope, args: { filter: { name: StringFilter | null; projectId: string | null; includeDeleted: boolean }; page: PageArgs }): Promise<{ page: Page<Endpoint>; count: () => Promise<number> }> {
    const paging = parsePaging(args.page, ["endpoints", args.filter]);
    const filter: EndpointFilter = args.filter;
    // An ill-formed id is that of no project: as an id that is none of ours, it finds nothing.
    const known = filter.projectId == null || isId(filter.projectId, IdKind.PROJECT) ? filter : { ...filter, projectId: NO_PROJECT };
    return { page: await listEndpoints(this.#db, scope, { filter: known, paging }), count: () => countEndpoints(this.#db, scope, known) };
  }

  /** Makes an endpoint. BAD_USER_INPUT with all problems (reason BLOCKED_ADDRESS for a private address); NOT_FOUND for the project; CONFLICT, NAME_TAKEN. */
  async create(viewer: Viewer, args: CreateEndpointArgs): Promise<Endpoint> {
    requireRole(viewer, Role.EDITOR);
    const draft = draftOf(args, this.#allowPrivate);
    const projectId = await this.#accounts.projectIdFor(viewer, args.projectId);
    const now = this.#now();
    const id = newId(IdKind.ENDPOINT, now.getTime());
    return this.#named(draft.name, () =>
      this.#db.transaction().execute(async (trx) => {
        const versionId = await this.#saveVersion(trx, viewer, { id, draft, now });
        await insertEndpoint(trx, viewer, { id, projectId, versionId, now, name: draft.name, description: draft.description, limits: draft.limits, credentials: this.#seal(id, draft.credentials) });
        return this.#reread(trx, viewer, id);
      }),
    );
  }

  /**
   * Changes an endpoint; a change of what shapes a call gives it another version, while runs keep theirs. NOT_FOUND,
   * CONFLICT (AMBIGUOUS_NAME, NAME_TAKEN), FAILED_PRECONDITION, DELETED, and what `create` refuses. Safe to repeat.
   */
  async update(viewer: Viewer, args: UpdateEndpointArgs): Promise<Endpoint> {
    requireRole(viewer, Role.EDITOR);
    const { id } = assertNotDeleted("endpoint", await getByRef(endpointRefs(this.#db, viewer), args.endpoint));
    return this.#named(args.name ?? "", () =>
      this.#db.transaction().execute(async (trx) => {
        const locked = await lockEndpointById(trx, viewer, id);
        if (locked === null) throw new NotFoundError("endpoint", id);
        const present = assertNotDeleted("endpoint", await this.#reread(trx, viewer, id));
        const draft = changedDraft(present, openCredentials(this.#secrets, id, locked.credentials), args, this.#allowPrivate);
        const now = this.#now();
        const versionId = await this.#saveVersion(trx, viewer, { id, draft, now });
        await updateEndpoint(trx, viewer, { id, versionId, now, name: draft.name, description: draft.description, limits: draft.limits, credentials: this.#seal(id, draft.credentials) });
        return this.#reread(trx, viewer, id);
      }),
    );
  }

  /** Hides an endpoint and answers its id; runs of it stay readable. NOT_FOUND; CONFLICT, AMBIGUOUS_NAME. Safe to repeat by id. */
  async delete(viewer: Viewer, ref: EntityRef): Promise<string> {
    requireRole(viewer, Role.EDITOR);
    const { id } = await getByRef(endpointRefs(this.#db, viewer), ref);
    if (!(await markEndpointDeleted(this.#db, viewer, { id, now: this.#now() }))) saysNothingChanged();
    return id;
  }

  #seal(id: string, credentials: Credentials): string | null {
    return sealCredentials(this.#secrets, id, credentials);
  }

  #saveVersion(trx: Trx, scope: Scope, args: { id: string; draft: EndpointDraft; now: Date }): Promise<string> {
    const { id, draft, now } = args;
    return upsertEndpointVersion(trx, scope, { id: newId(IdKind.ENDPOINT_VERSION, now.getTime()), endpointId: id, versionHash: versionHash(draft.shape), shape: draft.shape, now });
  }

  async #reread(trx: Trx, scope: Scope, id: string): Promise<Endpoint> {
    const [endpoint] = await findEndpointsByIds(trx, scope, [id]);
    if (endpoint === undefined) throw new NotFoundError("endpoint", id);
    return endpoint;
  }

  async #named<T>(name: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (uniqueViolation(error) !== "endpoints_name_key") throw error;
      throw new ConflictError("NAME_TAKEN", `The project has an endpoint "${name.trim()}" already. Choose another name, or update that one.`, {}, { cause: error });
    }
  }
}

const NO_PROJECT = "00000000-0000-0000-0000-000000000000";
