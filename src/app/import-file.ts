import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { parseArgs } from "node:util";
import { ImportFormat, type RejectedRow } from "../test-sets/index.js";

const USAGE = `Usage:
  npm run import -- FILE --test-set NAME [--format ${Object.values(ImportFormat).join("|")}] [--columns JSON] [--dry-run] [--url URL] [--token TOKEN]
The token and the gateway's address may be in ASSAY_TOKEN and ASSAY_URL.`;

const DEFAULT_URL = "http://127.0.0.1:4000";
const FORMAT_BY_ENDING: Readonly<Record<string, ImportFormat>> = { ".csv": "CSV", ".tsv": "CSV", ".jsonl": "JSONL", ".ndjson": "JSONL", ".json": "JSON", ".yaml": "YAML", ".yml": "YAML" };
const BAR_WIDTH = 30;

/** Where a command writes: its answer, and what is for people alone. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal, on which a line can be written over. */
  readonly isTerminal: boolean;
}

/** What POST /test-sets/import answers: the report, or errors in GraphQL's shape. */
interface Answer {
  readonly testSet?: { readonly name: string; readonly version: number; readonly testCount: number } | null;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejectedCount: number;
  readonly rejected: readonly RejectedRow[];
  readonly errors?: readonly { readonly message: string }[];
}

/** Sends a file of tests to a gateway, with a progress bar on a terminal. Answers the exit code: 1 when rows were rejected. Throws when it could not be sent or read. */
export async function runImport(args: readonly string[], environment: Readonly<Record<string, string | undefined>>, output: CommandOutput): Promise<number> {
  const { file, url, token } = readArgs(args, environment);
  const { size } = await stat(file);
  const response = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" }, body: ReadableStream.from(withProgress(file, size, output)), duplex: "half" });
  const answer = (await response.json()) as Answer; // the gateway's own shape
  if (answer.errors?.[0] !== undefined) throw new Error(answer.errors[0].message);
  for (const { row, field, message } of answer.rejected) output.err(`row ${row}${field === null ? "" : `, ${field}`}: ${message}\n`);
  if (answer.rejectedCount > 0) {
    output.err(`Rejected rows: ${answer.rejectedCount}${answer.rejectedCount > answer.rejected.length ? `, of which these are the first ${answer.rejected.length}` : ""}. Nothing was imported.\n`);
    return 1;
  }
  const set = answer.testSet == null ? "" : ` in "${answer.testSet.name}", version ${answer.testSet.version} with ${answer.testSet.testCount} tests`;
  output.out(`${answer.created} created, ${answer.updated} updated, ${answer.unchanged} unchanged${url.searchParams.get("dryRun") === "true" ? " if it were imported" : ""}${set}\n`);
  return 0;
}

function readArgs(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): { file: string; url: URL; token: string } {
  const options = { "test-set": { type: "string" }, format: { type: "string" }, columns: { type: "string" }, "dry-run": { type: "boolean" }, url: { type: "string" }, token: { type: "string" } } as const;
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new Error(`Which file?\n${USAGE}`);
  if (values["test-set"] === undefined) throw new Error(`--test-set is needed.\n${USAGE}`);
  const token = values.token ?? environment["ASSAY_TOKEN"];
  if (token === undefined || token === "") throw new Error(`A token is needed.\n${USAGE}`);
  const format = values.format ?? FORMAT_BY_ENDING[extname(file).toLowerCase()];
  if (format === undefined) throw new Error(`The ending of ${basename(file)} tells no format: give --format.\n${USAGE}`);
  const url = new URL("/test-sets/import", values.url ?? (environment["ASSAY_URL"] || DEFAULT_URL));
  url.search = new URLSearchParams({ testSet: values["test-set"], format, ...(values.columns === undefined ? {} : { columns: values.columns }), ...(values["dry-run"] === true ? { dryRun: "true" } : {}) }).toString();
  return { file, url, token };
}

/** The file's bytes, drawing how much of it was sent; the bar is taken away at the end. */
async function* withProgress(file: string, size: number, output: CommandOutput): AsyncGenerator<Uint8Array> {
  let sent = 0;
  let shown = -1;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    yield chunk;
    sent += chunk.length;
    const percent = Math.floor((100 * sent) / Math.max(size, 1));
    if (!output.isTerminal || percent === shown) continue;
    shown = percent;
    const filled = Math.round((BAR_WIDTH * percent) / 100);
    output.err(`\r${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${percent} % of ${(size / 1e6).toFixed(1)} MB`);
  }
  if (output.isTerminal) output.err("\r\u001b[K");
}
