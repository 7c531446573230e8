import { type AccountsService, saysNothingChanged } from "../accounts/index.js";
import type { Db, Page, PageArgs } from "../db/index.js";
import { type EntityRef, findByRefs, getByRef } from "../entity-ref.js";
import { assertNoProblems, NotFoundError } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import { commitVersion } from "./commit-version.js";
import { type Experiment, type ExperimentVersion, overlay, type ParameterValues, valuesProblems, wordingProblems } from "./experiment.js";
import { findLatestVersions } from "./experiment-version.repository.js";
import { countExperiments, type ExperimentFilter, experimentRefs, findExperimentsByIds, insertOrLockExperiment, listExperiments, lockExperimentById, updateExperiment } from "./experiment.repository.js";

/** What an experiment says when it is published. */
export interface PublishExperiment {
  readonly name: string;
  /** Of an experiment that is there already: undefined keeps it. */
  readonly description: string | null | undefined;
  /** Null: the organization's default project. */
  readonly projectId: string | null;
  readonly values: ParameterValues;
  readonly message: string | null;
}

/** What a version changes. */
export interface CommitExperiment {
  readonly experiment: EntityRef;
  readonly values: ParameterValues;
  /** Whether what `values` do not name is dropped instead of kept. */
  readonly replace: boolean;
  readonly message: string | null;
}

/** With which parameters tests run: makes experiments and commits their versions. */
export class ExperimentService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #accounts: Pick<AccountsService, "projectIdFor">;

  constructor(deps: { db: Db; now: () => Date; accounts: Pick<AccountsService, "projectIdFor"> }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#accounts = deps.accounts;
  }

  /** Null when it is not there. CONFLICT, AMBIGUOUS_NAME for a name that several projects have. */
  async find(scope: Scope, ref: EntityRef, projectId: string | null): Promise<Experiment | null> {
    if (projectId !== null && !isId(projectId, IdKind.PROJECT)) return null;
    const [found] = await findByRefs(experimentRefs(this.#db, scope, projectId), [ref]);
    return found ?? null;
  }

  /** A page, newest first. BAD_USER_INPUT for paging arguments. */
  list(scope: Scope, args: { filter: ExperimentFilter; page: PageArgs }): Promise<Page<Experiment>> {
    return listExperiments(this.#db, scope, args);
  }

  count(scope: Scope, filter: ExperimentFilter): Promise<number> {
    return countExperiments(this.#db, scope, filter);
  }

  /**
   * Makes an experiment with its version 1; where the project has one of that name, commits a version with exactly
   * these values. Safe to repeat: equal values make no other version. NOT_FOUND for the project; BAD_USER_INPUT.
   */
  async publish(viewer: Viewer, args: PublishExperiment): Promise<Experiment> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems([...wordingProblems(args), ...valuesProblems("input.values", args.values)]);
    const projectId = await this.#accounts.projectIdFor(viewer, args.projectId);
    const now = this.#now();
    const id = newId(IdKind.EXPERIMENT, now.getTime());
    return this.#db.transaction().execute(async (trx) => {
      const experiment = await insertOrLockExperiment(trx, { organizationId: viewer.organizationId, id, projectId, name: args.name.trim(), description: args.description ?? null, createdAt: now });
      const isDescribed = args.description === undefined || args.description === experiment.description;
      if (!isDescribed) await updateExperiment(trx, viewer, experiment.id, { description: args.description });
      const version = await commitVersion(trx, viewer, experiment, { values: args.values, message: args.message, now, field: "input.values" });
      if (isDescribed && version.number === experiment.latestVersion) saysNothingChanged();
      const [published] = await findExperimentsByIds(trx, viewer, [experiment.id]);
      return published ?? experiment;
    });
  }

  /**
   * Commits a version: the values laid over the latest ones, or in their place. Values equal to the latest version's
   * give that version. NOT_FOUND; CONFLICT, AMBIGUOUS_NAME; BAD_USER_INPUT.
   */
  async commit(viewer: Viewer, args: CommitExperiment): Promise<ExperimentVersion> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems([...wordingProblems({ message: args.message }), ...valuesProblems("input.values", args.values)]);
    const { id } = await getByRef(experimentRefs(this.#db, viewer), args.experiment);
    return this.#db.transaction().execute(async (trx) => {
      const experiment = await lockExperimentById(trx, viewer, id);
      if (experiment === null) throw new NotFoundError("experiment", id);
      const [latest] = args.replace ? [] : await findLatestVersions(trx, viewer, [id]);
      const version = await commitVersion(trx, viewer, experiment, { values: overlay(latest?.values ?? {}, args.values), message: args.message, now: this.#now(), field: "input.values" });
      if (version.number === experiment.latestVersion) saysNothingChanged();
      return version;
    });
  }
}
