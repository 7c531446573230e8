import { ForbiddenError } from "./errors.js";

/** What a member of an organization may do, from the least to the most. Each role may do what those before it may. */
export const Role = { VIEWER: "VIEWER", REVIEWER: "REVIEWER", EDITOR: "EDITOR", ADMIN: "ADMIN" } as const;
export type Role = (typeof Role)[keyof typeof Role];

const RANK: Record<Role, number> = { VIEWER: 0, REVIEWER: 1, EDITOR: 2, ADMIN: 3 };

/** The tenant whose rows a query may touch. Every repository function over tenant rows takes one. */
export interface Scope {
  readonly organizationId: string;
}

/** Who is asking: a user of an organization by one of its tokens. The role is the lower of the token's and the user's. */
export interface Viewer extends Scope {
  readonly userId: string;
  /** Null where single sign-on vouches for the viewer instead of a token of ours. */
  readonly tokenId: string | null;
  readonly role: Role;
  /** When the token ends, or null. A socket is closed then. */
  readonly expiresAt: Date | null;
}

/** Whether `role` includes all that `needed` may do. */
export function roleIncludes(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed];
}

/** Throws FORBIDDEN (ROLE_TOO_LOW) unless the viewer's role includes the needed one. */
export function requireRole(viewer: Viewer, needed: Role): void {
  if (roleIncludes(viewer.role, needed)) return;
  throw new ForbiddenError("ROLE_TOO_LOW", `This needs the role ${needed}; the token has ${viewer.role}. Ask an ADMIN for a token with that role.`, { needed, role: viewer.role });
}
