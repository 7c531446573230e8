import { type Db, type Page, type PageArgs, uniqueViolation } from "../db/index.js";
import { assertNoProblems, ConflictError, FailedPreconditionError, NotFoundError, type Problem } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import { nameProblems } from "../texts.js";
import { requireRole, Role, roleIncludes, type Scope, type Viewer } from "../viewer.js";
import { type ApiToken, hashTokenSecret, newTokenSecret, tokenPrefix, type User } from "./account.js";
import { findUsersByIds, insertApiToken } from "./accounts.repository.js";
import { countApiTokens, findApiTokensByIds, listApiTokens, revokeApiToken } from "./tokens.repository.js";
import { saysNothingChanged } from "./unchanged.js";
import { countUsers, insertUser, listUsers, lockAdmins, updateUser } from "./users.repository.js";

/** Who may do what in an organization: its users and their tokens. All of it is for ADMIN. */
export class MemberService {
  readonly #db: Db;
  readonly #now: () => Date;

  constructor(deps: { db: Db; now: () => Date }) {
    this.#db = deps.db;
    this.#now = deps.now;
  }

  /** A page, newest first. BAD_USER_INPUT for paging arguments. */
  listUsers(viewer: Viewer, page: PageArgs): Promise<Page<User>> {
    requireRole(viewer, Role.ADMIN);
    return listUsers(this.#db, viewer, page);
  }

  countUsers(scope: Scope): Promise<number> {
    return countUsers(this.#db, scope);
  }

  /** A page, newest first, revoked and expired ones, too. BAD_USER_INPUT for paging arguments. */
  listTokens(viewer: Viewer, page: PageArgs): Promise<Page<ApiToken>> {
    requireRole(viewer, Role.ADMIN);
    return listApiTokens(this.#db, viewer, page);
  }

  countTokens(scope: Scope): Promise<number> {
    return countApiTokens(this.#db, scope);
  }

  /** BAD_USER_INPUT; CONFLICT, NAME_TAKEN for a mail address that a user of the organization has. */
  async createUser(viewer: Viewer, args: { name: string; email: string; role: Role }): Promise<User> {
    requireRole(viewer, Role.ADMIN);
    assertNoProblems([...nameProblems("input.name", args.name), ...emailProblems("input.email", args.email)]);
    const now = this.#now();
    const user: User = { organizationId: viewer.organizationId, id: newId(IdKind.USER, now.getTime()), name: args.name.trim(), email: args.email.trim(), role: args.role, createdAt: now };
    try {
      await insertUser(this.#db, user);
    } catch (error) {
      if (uniqueViolation(error) !== "users_email_key") throw error;
      throw new ConflictError("NAME_TAKEN", `The organization has a user with the address "${user.email}" already.`);
    }
    return user;
  }

  /**
   * Undefined keeps. A new role holds at once, for the user's tokens and open sockets, too. NOT_FOUND; BAD_USER_INPUT;
   * FAILED_PRECONDITION, LAST_ADMIN for the only ADMIN that would be none.
   */
  async updateUser(viewer: Viewer, args: { id: string; name: string | null | undefined; role: Role | null | undefined }): Promise<User> {
    requireRole(viewer, Role.ADMIN);
    const missing: Problem[] = [
      ...(args.name === null ? [{ field: "input.name", message: "A user needs a name. Leave it out to keep the one it has." }] : []),
      ...(args.role === null ? [{ field: "input.role", message: "A user needs a role. Leave it out to keep the one it has." }] : []),
    ];
    assertNoProblems([...missing, ...(args.name == null ? [] : nameProblems("input.name", args.name))]);
    if (!isId(args.id, IdKind.USER)) throw new NotFoundError("user", args.id);
    const role = args.role ?? undefined;
    return this.#db.transaction().execute(async (trx) => {
      if (role !== undefined && role !== Role.ADMIN) {
        const admins = await lockAdmins(trx, viewer);
        if (admins.length === 1 && admins[0] === args.id) throw new FailedPreconditionError("LAST_ADMIN", "This is the organization's only ADMIN. Make another user ADMIN first.");
      }
      const updated = await updateUser(trx, viewer, args.id, { name: args.name?.trim(), role });
      if (updated === null) throw new NotFoundError("user", args.id);
      return updated;
    });
  }

  /**
   * Makes a token for the viewer, or for the user that is named, and answers its secret, which nothing can show again.
   * A role above the user's is lowered to it. NOT_FOUND for the user; BAD_USER_INPUT.
   */
  async createToken(viewer: Viewer, args: { name: string; role: Role; userId: string | null; expiresAt: Date | null }): Promise<{ token: ApiToken; secret: string }> {
    requireRole(viewer, Role.ADMIN);
    const now = this.#now();
    const past: Problem[] = args.expiresAt !== null && args.expiresAt <= now ? [{ field: "input.expiresAt", message: "It must be in the future." }] : [];
    assertNoProblems([...nameProblems("input.name", args.name), ...past]);
    const userId = args.userId ?? viewer.userId;
    const [user] = isId(userId, IdKind.USER) ? await findUsersByIds(this.#db, viewer, [userId]) : [];
    if (user === undefined) throw new NotFoundError("user", userId);
    const secret = newTokenSecret();
    const token: ApiToken = {
      organizationId: viewer.organizationId,
      id: newId(IdKind.API_TOKEN, now.getTime()),
      userId: user.id,
      name: args.name.trim(),
      prefix: tokenPrefix(secret),
      secretHash: hashTokenSecret(secret),
      role: roleIncludes(user.role, args.role) ? args.role : user.role,
      expiresAt: args.expiresAt,
      lastUsedAt: null,
      revokedAt: null,
      createdAt: now,
    };
    await insertApiToken(this.#db, token);
    return { token, secret };
  }

  /** Ends a token: requests with it are refused from now on, its open sockets are closed within seconds. Safe to repeat. NOT_FOUND. */
  async revokeToken(viewer: Viewer, id: string): Promise<ApiToken> {
    requireRole(viewer, Role.ADMIN);
    if (!isId(id, IdKind.API_TOKEN)) throw new NotFoundError("token", id);
    const revoked = await revokeApiToken(this.#db, viewer, id, this.#now());
    if (revoked !== null) return revoked;
    const [token] = await findApiTokensByIds(this.#db, viewer, [id]);
    if (token === undefined) throw new NotFoundError("token", id);
    saysNothingChanged();
    return token;
  }
}

function emailProblems(field: string, email: string): Problem[] {
  const problems = nameProblems(field, email);
  return problems.length > 0 || /^[^\s@]+@[^\s@]+$/.test(email.trim()) ? problems : [{ field, message: "It must be a mail address, such as someone@example.com." }];
}
