import { sql } from "kysely";
import type { Db, Trx } from "../db/index.js";
import { ConflictError, NotFoundError, UnauthenticatedError } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import { Role, roleIncludes, type Scope, type Viewer } from "../viewer.js";
import { hashTokenSecret, newTokenSecret, tokenPrefix } from "./account.js";
import { findOrganizationsByIds, findProjectsByIds, findTokenByHash, findUsersByEmail, hasOrganization, insertApiToken, insertOrganization, touchToken } from "./accounts.repository.js";
import { insertAuditEvent } from "./audit-events.repository.js";

/** The first organization's default name. */
const DEFAULT_ORGANIZATION = "Default";
/** Any constant: makes concurrent first starts wait for each other. */
const BOOTSTRAP_LOCK = 7002;

/** How exactly `lastUsedAt` is kept: a write for every request would make one hot row of a busy token. */
const TOUCH_MS = 60_000;

/** What a first start made: the secret is null when the caller brought it, as it must not be printed then. */
export interface Bootstrap {
  readonly madeSecret: string | null;
}

/** Tells who is asking, and makes tenants. */
export class AccountsService {
  readonly #db: Db;
  readonly #now: () => Date;

  constructor(deps: { db: Db; now: () => Date }) {
    this.#db = deps.db;
    this.#now = deps.now;
  }

  /** The viewer of a token's secret. UNAUTHENTICATED: TOKEN_INVALID for an unknown or revoked one, TOKEN_EXPIRED. */
  async authenticate(secret: string): Promise<Viewer> {
    const found = await findTokenByHash(this.#db, hashTokenSecret(secret));
    if (found === null || found.token.revokedAt !== null) throw new UnauthenticatedError("TOKEN_INVALID", "The token is unknown or was revoked. Ask an ADMIN for a new one.");
    const { token, user } = found;
    const now = this.#now();
    if (token.expiresAt !== null && token.expiresAt <= now) throw new UnauthenticatedError("TOKEN_EXPIRED", `The token expired at ${token.expiresAt.toISOString()}. Ask an ADMIN for a new one.`);
    if (token.lastUsedAt === null || now.getTime() - token.lastUsedAt.getTime() > TOUCH_MS) await touchToken(this.#db, user, token.id, now);
    return {
      organizationId: user.organizationId,
      userId: user.id,
      tokenId: token.id,
      role: roleIncludes(token.role, user.role) ? user.role : token.role,
      expiresAt: token.expiresAt,
    };
  }

  /**
   * On a database without organizations, makes organization Default with its default project, an ADMIN user and a
   * token; else does nothing and answers null. Safe from many processes at once.
   */
  async bootstrap(givenSecret: string | null): Promise<Bootstrap | null> {
    if (await hasOrganization(this.#db)) return null;
    return this.#db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${BOOTSTRAP_LOCK})`.execute(trx);
      if (await hasOrganization(trx)) return null;
      const secret = givenSecret ?? newTokenSecret();
      await this.#createTenant(trx, { name: DEFAULT_ORGANIZATION, userName: "Admin", email: "admin@localhost", secret });
      return { madeSecret: givenSecret === null ? secret : null };
    });
  }

  /** Makes another tenant with its first ADMIN user, and answers that user's secret. */
  async createOrganization(args: { name: string; email: string }): Promise<string> {
    const secret = newTokenSecret();
    await this.#db.transaction().execute(async (trx) => {
      const organizationId = await this.#createTenant(trx, { name: args.name, userName: args.email, email: args.email, secret });
      await this.#noteShell(trx, { action: "create-organization", organizationId, target: { type: "Organization", id: organizationId } });
    });
    return secret;
  }

  /**
   * Makes a token for the user with the address, with the user's role unless a lower one is given, and answers its
   * secret. For shells on the gateway's machine. NOT_FOUND; CONFLICT, AMBIGUOUS_NAME when several organizations have one.
   */
  async createTokenFor(args: { email: string; role: Role | null; name: string }): Promise<string> {
    const [user, ...others] = await findUsersByEmail(this.#db, args.email);
    if (user === undefined) throw new NotFoundError("user", args.email);
    if (others.length > 0) throw new ConflictError("AMBIGUOUS_NAME", `Several organizations have a user "${args.email}". Make the token through the API of the right one.`, { ids: [user, ...others].map((each) => each.id) });
    const secret = newTokenSecret();
    const role = args.role === null || roleIncludes(args.role, user.role) ? user.role : args.role;
    await this.#db.transaction().execute(async (trx) => {
      const id = await this.#insertToken(trx, user, { secret, name: args.name, role });
      await this.#noteShell(trx, { action: "create-token", organizationId: user.organizationId, target: { type: "ApiToken", id } });
    });
    return secret;
  }

  /** The project to make things in: the given one (NOT_FOUND when it is not there), else the organization's default. */
  async projectIdFor(scope: Scope, projectId: string | null | undefined): Promise<string> {
    if (projectId != null) {
      const [project] = isId(projectId, IdKind.PROJECT) ? await findProjectsByIds(this.#db, scope, [projectId]) : [];
      if (project === undefined) throw new NotFoundError("project", projectId);
      return project.id;
    }
    const [organization] = await findOrganizationsByIds(this.#db, [scope.organizationId]);
    if (organization === undefined) throw new NotFoundError("organization", scope.organizationId);
    return organization.defaultProjectId;
  }

  async #createTenant(trx: Trx, args: { name: string; userName: string; email: string; secret: string }): Promise<string> {
    const now = this.#now();
    const organizationId = newId(IdKind.ORGANIZATION, now.getTime());
    const projectId = newId(IdKind.PROJECT, now.getTime());
    const userId = newId(IdKind.USER, now.getTime());
    await insertOrganization(trx, {
      organization: { id: organizationId, name: args.name, defaultProjectId: projectId, createdAt: now },
      project: { organizationId, id: projectId, name: "Default", description: null, createdAt: now },
      user: { organizationId, id: userId, name: args.userName, email: args.email, role: Role.ADMIN, createdAt: now },
    });
    await this.#insertToken(trx, { organizationId, id: userId }, { secret: args.secret, name: "Bootstrap", role: Role.ADMIN });
    return organizationId;
  }

  async #insertToken(db: Db, user: { organizationId: string; id: string }, token: { secret: string; name: string; role: Role }): Promise<string> {
    const now = this.#now();
    const id = newId(IdKind.API_TOKEN, now.getTime());
    await insertApiToken(db, {
      organizationId: user.organizationId,
      id,
      userId: user.id,
      name: token.name,
      prefix: tokenPrefix(token.secret),
      secretHash: hashTokenSecret(token.secret),
      role: token.role,
      expiresAt: null,
      lastUsedAt: null,
      revokedAt: null,
      createdAt: now,
    });
    return id;
  }

  /** What a shell on the gateway's machine did: nobody of ours, so without an actor. */
  async #noteShell(trx: Trx, { action, organizationId, target }: { action: string; organizationId: string; target: { type: string; id: string } }): Promise<void> {
    const at = this.#now();
    const nobody = { actorId: null, tokenId: null, remoteAddress: null };
    await insertAuditEvent(trx, { organizationId, id: newId(IdKind.AUDIT_EVENT, at.getTime()), at, ...nobody, action, targetType: target.type, targetId: target.id, details: {} });
  }
}
