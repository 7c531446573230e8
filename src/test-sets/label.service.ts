import { type Db, type Page, type PageArgs, type StringFilter, uniqueViolation } from "../db/index.js";
import { type EntityRef, getByRef } from "../entity-ref.js";
import { assertNoProblems, ConflictError, type Problem } from "../errors.js";
import type { Scope, Viewer } from "../viewer.js";
import type { Label, LabelKind } from "./label.js";
import { countLabels, insertBehavior, labelRefs, listLabels, updateBehavior } from "./label.repository.js";
import type { MetricAssignments } from "./metric-assignments.js";
import { nameProblems, textFault } from "../texts.js";

/** Lists labels, and makes and changes behaviors; tests make labels by naming them. */
export class LabelService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #metrics: MetricAssignments;

  constructor(deps: { db: Db; now: () => Date; metrics: MetricAssignments }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#metrics = deps.metrics;
  }

  /** A page of the labels of a kind, newest first. */
  listLabels(scope: Scope, kind: LabelKind, args: { name: StringFilter | null; page: PageArgs }): Promise<Page<Label>> {
    return listLabels(this.#db, scope, kind, args);
  }

  /** How many labels of a kind the condition leaves. */
  countLabels(scope: Scope, kind: LabelKind, name: StringFilter | null): Promise<number> {
    return countLabels(this.#db, scope, kind, name);
  }

  /** A behavior with its metrics. NAME_TAKEN; BAD_USER_INPUT; NOT_FOUND and DELETED for metrics. */
  async createBehavior(viewer: Viewer, args: { name: string; description: string | null; metrics: readonly EntityRef[] }): Promise<Label> {
    assertNoProblems(behaviorProblems(args));
    return this.#db.transaction().execute(async (trx) => {
      const behavior = await namedOnce(args.name, () => insertBehavior(trx, viewer, { name: args.name.trim(), description: args.description, createdAt: this.#now() }));
      if (args.metrics.length > 0) await this.#metrics.assignToBehavior(trx, viewer, behavior.id, args.metrics, "input.metrics");
      return behavior;
    });
  }

  /** The behavior after the change: absent keeps, null clears. NOT_FOUND, NAME_TAKEN, BAD_USER_INPUT. */
  async updateBehavior(viewer: Viewer, ref: EntityRef, args: { name: string | null | undefined; description: string | null | undefined }): Promise<Label> {
    const nameless: Problem[] = args.name === null ? [{ field: "input.name", message: "A behavior always has a name: leave the field out to keep it." }] : [];
    assertNoProblems([...nameless, ...behaviorProblems(args)]);
    const { id } = await getByRef(labelRefs(this.#db, viewer, "behavior"), ref);
    return namedOnce(args.name ?? "", () => updateBehavior(this.#db, viewer, id, { name: args.name?.trim(), description: args.description }));
  }
}

function behaviorProblems(args: { name?: string | null | undefined; description?: string | null | undefined }): Problem[] {
  const fault = args.description == null ? null : textFault(args.description);
  return [...(args.name == null ? [] : nameProblems("input.name", args.name)), ...(fault === null ? [] : [{ field: "input.description", message: fault }])];
}

/** Does a write that names a behavior; CONFLICT, NAME_TAKEN when another one has the name. */
async function namedOnce<R>(name: string, write: () => Promise<R>): Promise<R> {
  try {
    return await write();
  } catch (error) {
    if (uniqueViolation(error) !== "behaviors_name_key") throw error;
    throw new ConflictError("NAME_TAKEN", `There already is a behavior "${name}". Choose another name.`, {}, { cause: error });
  }
}
