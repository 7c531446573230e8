import type { AccountsService } from "../../accounts/index.js";
import type { Db, Trx } from "../../db/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, getByRef } from "../../entity-ref.js";
import { assertNoProblems, ConflictError } from "../../errors.js";
import { requireRole, Role, type Viewer } from "../../viewer.js";
import { ensureLabels, findLabelIds } from "../label.repository.js";
import type { MetricAssignments } from "../metric-assignments.js";
import { TestSetChange } from "../test-set-change.js";
import { nameProblems } from "../../texts.js";
import { type TestSet, TestType } from "../test-set.js";
import { refreshTestStatistics } from "../test-content.repository.js";
import { testSetRefs } from "../test-set.repository.js";
import { addTestSet, getUsableSet } from "../test-set.service.js";
import { type ColumnChoices, parseColumnChoices } from "./import-fields.js";
import type { Cells, ImportFormat, ImportReport } from "./import-format.js";
import { unreadable } from "./import-lines.js";
import { planBatch, previewBatch } from "./import-plan.js";
import { ImportReader, openSource, Rejections } from "./import-reader.js";
import { ImportSpool } from "./import-spool.js";

/** What an import is told beside its bytes. */
export interface ImportTests {
  /** An existing set, or the name of a new one. */
  readonly testSet: EntityRef;
  readonly format: ImportFormat;
  /** Fields to columns, keys or paths into them. */
  readonly columns: Cells | null;
  readonly dryRun: boolean;
}

/** From so many new rows on the planner is told of them at once: autovacuum takes up to a minute, and a run may start now. */
const MANY_TESTS = 1_000;

/** Ends the transaction of an import of which rows turned out bad only beside the tests that they update. */
class RejectedImport extends Error {
  constructor(readonly rejections: Rejections) {
    super("rows were rejected");
  }
}

/** Imports files of tests, of any length, all or nothing. */
export class ImporterService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #accounts: Pick<AccountsService, "projectIdFor">;
  readonly #metrics: Pick<MetricAssignments, "assignAssertions">;

  constructor(deps: { db: Db; now: () => Date; accounts: Pick<AccountsService, "projectIdFor">; metrics: Pick<MetricAssignments, "assignAssertions"> }) {
    this.#db = deps.db;
    this.#now = deps.now;
    this.#accounts = deps.accounts;
    this.#metrics = deps.metrics;
  }

  /**
   * Imports the tests of a file. Bad rows are no error: the report lists them, and nothing is imported. Keys make it safe
   * to repeat. BAD_USER_INPUT for a file that cannot be read or is empty, and for `columns`; NOT_FOUND and DELETED for
   * the set; AMBIGUOUS_NAME; FORBIDDEN.
   */
  async importTests(viewer: Viewer, args: ImportTests, source: AsyncIterable<Uint8Array>): Promise<ImportReport> {
    requireRole(viewer, Role.EDITOR);
    const { choices, problems } = parseColumnChoices(args.columns, "input.columns");
    assertNoProblems([...problems, ...(args.testSet.name === undefined ? [] : nameProblems("input.testSet.name", args.testSet.name))]);
    const set = await this.#findSet(viewer, args.testSet);
    const spool = await ImportSpool.open();
    try {
      const reader = await this.#read(args, choices, set, spool, source);
      if (reader.rejections.count > 0) return rejectedReport(set, reader.rejections);
      if (spool.count === 0) throw unreadable("The file holds no tests.");
      return args.dryRun ? await this.#preview(viewer, set, reader, spool) : await this.#apply(viewer, args, set, reader, spool);
    } finally {
      await spool.close();
    }
  }

  async #findSet(viewer: Viewer, ref: EntityRef): Promise<TestSet | null> {
    const refs = testSetRefs(this.#db, viewer);
    if (ref.id !== undefined) return assertNotDeleted("test set", await getByRef(refs, ref));
    return (await findByRefs(refs, [ref]))[0] ?? null;
  }

  async #read(args: ImportTests, choices: ColumnChoices, set: TestSet | null, spool: ImportSpool, source: AsyncIterable<Uint8Array>): Promise<ImportReader> {
    const reader = new ImportReader({ type: set?.type ?? null, choices, spool });
    await reader.read(await openSource(args.format, source, choices));
    return reader;
  }

  /** What the import would do, as things stand now. */
  async #preview(viewer: Viewer, set: TestSet | null, reader: ImportReader, spool: ImportSpool): Promise<ImportReport> {
    const counts = { created: 0, updated: 0, unchanged: 0 };
    if (set === null) return { testSet: null, ...counts, created: spool.count, rejectedCount: 0, rejected: [] };
    const rejections = new Rejections();
    const labels = await findLabelIds(this.#db, viewer, reader.labels);
    for await (const batch of spool.batches()) {
      const plan = await planBatch(this.#db, viewer, set, batch, rejections);
      previewBatch(plan, labels, counts);
    }
    return rejections.count > 0 ? rejectedReport(set, rejections) : { testSet: set, ...counts, rejectedCount: 0, rejected: [] };
  }

  async #apply(viewer: Viewer, args: ImportTests, found: TestSet | null, reader: ImportReader, spool: ImportSpool): Promise<ImportReport> {
    const projectId = found?.projectId ?? (await this.#accounts.projectIdFor(viewer, null));
    try {
      const report = await this.#db.transaction().execute(async (trx) => {
        const now = this.#now();
        const set = found === null ? await addTestSet(trx, viewer, { name: args.testSet.name ?? "", projectId, type: reader.type ?? TestType.SINGLE_TURN, now }) : await getUsableSet(trx, viewer, found.id);
        const labels = await ensureLabels(trx, viewer, reader.labels, now);
        const change = new TestSetChange(trx, viewer, { set, version: found === null ? 1 : set.version + 1, labels, now });
        if (reader.hasAssertions) await this.#metrics.assignAssertions(trx, viewer, set.id, "input.testSet");
        return this.#write(trx, viewer, { set, isNew: found === null, change, spool });
      });
      if (report.created + report.updated >= MANY_TESTS) await refreshTestStatistics(this.#db);
      return report;
    } catch (error) {
      if (error instanceof RejectedImport) return rejectedReport(found, error.rejections);
      const isRaced = found === null && error instanceof ConflictError && error.reason === "NAME_TAKEN";
      // Another import has made the set meanwhile: this one goes into it, as if it had come later.
      const made = isRaced ? await this.#findSet(viewer, args.testSet) : null;
      if (made === null || made.type !== reader.type) throw error;
      return this.#apply(viewer, args, made, reader, spool);
    }
  }

  async #write(trx: Trx, viewer: Viewer, args: { set: TestSet; isNew: boolean; change: TestSetChange; spool: ImportSpool }): Promise<ImportReport> {
    const counts = { created: 0, updated: 0, unchanged: 0 };
    const rejections = new Rejections();
    for await (const batch of args.spool.batches()) {
      const { adds, edits } = await planBatch(trx, viewer, args.set, batch, rejections, { isNew: args.isNew });
      if (rejections.count > 0) continue; // nothing more is written, but all bad rows are found
      await args.change.add(adds);
      const updated = await args.change.edit(edits);
      counts.created += adds.length;
      counts.updated += updated;
      counts.unchanged += edits.length - updated;
    }
    if (rejections.count > 0) throw new RejectedImport(rejections);
    return { testSet: await args.change.finish(), ...counts, rejectedCount: 0, rejected: [] };
  }
}

function rejectedReport(testSet: TestSet | null, rejections: Rejections): ImportReport {
  return { testSet, created: 0, updated: 0, unchanged: 0, rejectedCount: rejections.count, rejected: rejections.rows };
}
