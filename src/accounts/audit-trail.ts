import type { Db, Page, PageArgs } from "../db/index.js";
import { IdKind, newId } from "../ids.js";
import type { Logger } from "../log.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import type { AuditEvent } from "./account.js";
import { type AuditEventFilter, countAuditEvents, insertAuditEvent, listAuditEvents } from "./audit-events.repository.js";

/** A change that took effect. `details` must hold no secret: names of what changed, never values that could be one. */
export interface AuditedChange {
  readonly action: string;
  readonly target: { readonly type: string; readonly id: string } | null;
  readonly remoteAddress: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Who changed what, when and from where. */
export class AuditTrail {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #log: Logger;

  constructor(deps: { db: Db; now: () => Date; log: Logger }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#log = deps.log;
  }

  /**
   * Notes a change right after it took effect. Never throws: the change is made, and an error would tell its caller
   * otherwise; an event that cannot be stored goes to the log whole.
   */
  async record(viewer: Viewer, change: AuditedChange): Promise<void> {
    const at = this.#now();
    const event: AuditEvent = {
      organizationId: viewer.organizationId,
      id: newId(IdKind.AUDIT_EVENT, at.getTime()),
      at,
      actorId: viewer.userId,
      tokenId: viewer.tokenId,
      action: change.action,
      targetType: change.target?.type ?? null,
      targetId: change.target?.id ?? null,
      remoteAddress: change.remoteAddress,
      details: { ...change.details },
    };
    try {
      await insertAuditEvent(this.#db, event);
    } catch (error) {
      this.#log.error({ err: error, event }, "could not store an audit event");
    }
  }

  /** A page, newest first. BAD_USER_INPUT for paging arguments. For ADMIN. */
  list(viewer: Viewer, args: { filter: AuditEventFilter; page: PageArgs }): Promise<Page<AuditEvent>> {
    requireRole(viewer, Role.ADMIN);
    return listAuditEvents(this.#db, viewer, args);
  }

  count(scope: Scope, filter: AuditEventFilter): Promise<number> {
    return countAuditEvents(this.#db, scope, filter);
  }
}
