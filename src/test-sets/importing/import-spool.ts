import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestPatch } from "../test-patch.js";
import { linesOf } from "./import-lines.js";

const WRITE_BYTES = 1024 * 1024;
/** Rows of one statement: more gain nothing, and hold more memory. */
const BATCH_ROWS = 1000;
const BATCH_BYTES = 4 * 1024 * 1024;

/** A test with the row that it came from. */
export interface SpooledTest {
  readonly row: number;
  readonly patch: TestPatch;
}

/**
 * Holds the checked tests of an import on disk until all of them are known to be good: then the transaction is as
 * short as it can be, however slowly the file came in. The file has no name any more while it is open.
 */
export class ImportSpool {
  readonly #file: FileHandle;
  #buffer: string[] = [];
  #bufferedBytes = 0;
  #count = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(): Promise<ImportSpool> {
    const path = join(tmpdir(), `assay-import-${randomBytes(8).toString("hex")}`);
    const file = await open(path, "wx+", 0o600);
    await unlink(path);
    return new ImportSpool(file);
  }

  /** How many tests it holds. */
  get count(): number {
    return this.#count;
  }

  async add(test: SpooledTest): Promise<void> {
    const line = `${JSON.stringify(test)}\n`;
    this.#buffer.push(line);
    this.#bufferedBytes += line.length;
    this.#count += 1;
    if (this.#bufferedBytes >= WRITE_BYTES) await this.#flush();
  }

  /** All tests in order, in batches of at most 1,000 and a few MB. */
  async *batches(): AsyncGenerator<readonly SpooledTest[]> {
    await this.#flush();
    let batch: SpooledTest[] = [];
    let bytes = 0;
    for await (const line of linesOf(this.#file.createReadStream({ start: 0, autoClose: false, highWaterMark: WRITE_BYTES }), Infinity)) {
      if ("fault" in line) throw new Error(`An import's own file cannot be read: ${line.fault}`);
      batch.push(JSON.parse(line.text) as SpooledTest); // `add` wrote it
      bytes += line.text.length;
      if (batch.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) yield batch;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    if (this.#buffer.length === 0) return;
    const text = this.#buffer.join("");
    this.#buffer = [];
    this.#bufferedBytes = 0;
    await this.#file.appendFile(text);
  }
}
