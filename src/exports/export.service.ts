import { setImmediate } from "node:timers/promises";
import type { Db } from "../db/index.js";
import { findEndpointsByIds } from "../endpoints/index.js";
import { NotFoundError } from "../errors.js";
import { IdKind, isId } from "../ids.js";
import { findMetricVersionsByIds } from "../metrics/index.js";
import { findRunMetrics, findRunsByIds } from "../runs/index.js";
import { findTestSetsByIds } from "../test-sets/index.js";
import { Semaphore } from "../semaphore.js";
import type { Scope } from "../viewer.js";
import { csvHeader, csvRows } from "./csv-export.js";
import { contentDisposition, ExportFormat, MEDIA_TYPE } from "./export-format.js";
import { ExportReader } from "./export-reader.js";
import type { ExportHead } from "./export-row.js";
import { jsonlRows } from "./jsonl-export.js";
import { junitCases, junitClosing, junitOpening } from "./junit-export.js";

/** Results that are written without a pause, in which other requests are served and the reading of the next window goes on. */
const ROWS_AT_ONCE = 100;

/** Windows that are read at a time, of all downloads of this process: more would keep its connections to the database from everyone else. */
const READS = 4;

/** A file that is made while it is read. */
export interface ExportFile {
  readonly mediaType: string;
  readonly disposition: string;
  /** Ends by throwing when a part cannot be read: what came by then is no whole file. */
  readonly content: AsyncIterable<string>;
}

/** Makes files of runs' results. */
export class ExportService {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #places = new Semaphore(READS);

  constructor(deps: { db: Db; now: () => Date }) {
    this.#db = deps.db;
    this.#now = deps.now;
  }

  /** The run's results as a file, whatever the run's state; it is read as its reader asks for more. NOT_FOUND. */
  async open(scope: Scope, runId: string, format: ExportFormat, signal: AbortSignal): Promise<ExportFile> {
    const head = await this.#head(scope, runId);
    const reader = new ExportReader(this.#db, scope, head, { everything: format === ExportFormat.JSONL, signal, places: this.#places });
    return { mediaType: MEDIA_TYPE[format], disposition: contentDisposition(head.run, format), content: content(format, head, reader, this.#now()) };
  }

  async #head(scope: Scope, runId: string): Promise<ExportHead> {
    const [run] = isId(runId, IdKind.TEST_RUN) ? await findRunsByIds(this.#db, scope, [runId]) : [];
    if (run === undefined) throw new NotFoundError("test run", runId);
    const pinned = await findRunMetrics(this.#db, scope, [run.id]);
    const versions = new Map((await findMetricVersionsByIds(this.#db, scope, pinned.map(({ metricVersionId }) => metricVersionId))).map((version) => [version.id, version]));
    const [endpoint] = await findEndpointsByIds(this.#db, scope, [run.endpointId]);
    const [testSet] = run.testSetId === null ? [] : await findTestSetsByIds(this.#db, scope, [run.testSetId]);
    const metrics = pinned.flatMap(({ metricIndex, metricId, metricVersionId }) => {
      const version = versions.get(metricVersionId);
      return version === undefined ? [] : [{ metricIndex, metricId, version: version.number, name: version.definition.name, scoreType: version.definition.scoreType }];
    });
    return { run, metrics, endpointName: endpoint?.name ?? run.endpointId, testSetName: testSet?.name ?? null };
  }
}

async function* content(format: ExportFormat, head: ExportHead, reader: ExportReader, now: Date): AsyncGenerator<string> {
  if (format === ExportFormat.CSV) yield csvHeader(head);
  if (format === ExportFormat.JUNIT) yield junitOpening(head, now);
  for await (const rows of reader.windows()) {
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      yield partOf(format, head, rows.slice(from, from + ROWS_AT_ONCE));
      await setImmediate();
    }
  }
  if (format === ExportFormat.JUNIT) yield junitClosing(head);
}

function partOf(format: ExportFormat, head: ExportHead, rows: Parameters<typeof csvRows>[1]): string {
  switch (format) {
    case ExportFormat.CSV:
      return csvRows(head, rows);
    case ExportFormat.JSONL:
      return jsonlRows(head, rows);
    case ExportFormat.JUNIT:
      return junitCases(head, rows);
    default:
      return format satisfies never;
  }
}
