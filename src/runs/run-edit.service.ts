import { findUsersByIds } from "../accounts/index.js";
import { type Db, storableJson } from "../db/index.js";
import { assertNoProblems, NotFoundError, type Problem } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId } from "../ids.js";
import { tagProblems } from "../test-sets/index.js";
import { jsonFault } from "../texts.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import type { TestRun } from "./run.js";
import { RUN_CHANGED } from "./run.events.js";
import { executionProblems } from "./run-limits.js";
import { lockRunById, updateLockedRun } from "./run-write.repository.js";

/** What changes of a run: undefined keeps, null clears. */
export interface UpdateTestRun {
  readonly id: string;
  readonly name?: string | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | null | undefined;
  readonly assigneeId?: string | null | undefined;
  readonly ownerId?: string | null | undefined;
}

/** Changes what people note about runs. */
export class RunEditService {
  readonly #deps: { db: Db; bus: EventBus };

  constructor(deps: { db: Db; bus: EventBus }) {
    this.#deps = deps;
  }

  /** The run after the change, whether it has ended or not; how it is executed never changes. NOT_FOUND, for users too; BAD_USER_INPUT. Safe to repeat. */
  async update(viewer: Viewer, args: UpdateTestRun): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    if (!isId(args.id, IdKind.TEST_RUN)) throw new NotFoundError("test run", args.id);
    assertNoProblems(problemsOf(args));
    return this.#deps.db.transaction().execute(async (trx) => {
      if ((await lockRunById(trx, viewer, args.id)) === null) throw new NotFoundError("test run", args.id);
      const userIds = [args.assigneeId, args.ownerId].filter((id) => id != null);
      const known = new Set((await findUsersByIds(trx, viewer, userIds.filter((id) => isId(id, IdKind.USER)))).map((user) => user.id));
      for (const id of userIds) if (!known.has(id)) throw new NotFoundError("user", id);
      const run = await updateLockedRun(trx, viewer, args.id, changesOf(args));
      await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
      return run;
    });
  }
}

function problemsOf({ name, tags, attributes }: UpdateTestRun): Problem[] {
  const nameless: Problem[] = name === null ? [{ field: "input.name", message: "A run always has a name: leave the field out to keep it." }] : [];
  const fault = attributes == null ? null : jsonFault(attributes);
  return [
    ...nameless,
    ...executionProblems({ trials: 1, attributes: attributes ?? {}, name: name ?? null }),
    ...(tags == null ? [] : tagProblems("input.tags", tags)),
    ...(fault === null ? [] : [{ field: "input.attributes", message: fault }]),
  ];
}

function changesOf({ name, tags, attributes, assigneeId, ownerId }: UpdateTestRun) {
  return {
    ...(name == null ? {} : { name: name.trim() }),
    ...(tags === undefined ? {} : { tags: [...new Set(tags ?? [])] }),
    ...(attributes === undefined ? {} : { attributes: storableJson(attributes ?? {}) }),
    ...(assigneeId === undefined ? {} : { assigneeId }),
    ...(ownerId === undefined ? {} : { ownerId }),
  };
}
