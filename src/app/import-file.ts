import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { parseArgs } from "node:util";
import { ImportFormat, type RejectedRow } from "../test-sets/index.js";
import { type CommandOutput, type Environment, GATEWAY_OPTIONS, gatewayOf, unanswered } from "./command-line.js";

const USAGE = `Usage:
  npm run import -- FILE --test-set NAME [--format ${Object.values(ImportFormat).join("|")}] [--columns JSON] [--dry-run] [--url URL] [--token TOKEN]
The token and the gateway's address may be in ASSAY_TOKEN and ASSAY_URL.`;

const FORMAT_BY_ENDING: Readonly<Record<string, ImportFormat>> = { ".csv": "CSV", ".tsv": "CSV", ".jsonl": "JSONL", ".ndjson": "JSONL", ".json": "JSON", ".yaml": "YAML", ".yml": "YAML" };
const BAR_WIDTH = 30;

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
export async function runImport(args: readonly string[], environment: Environment, output: CommandOutput): Promise<number> {
  const { file, url, token } = readArgs(args, environment);
  const size = await sizeOf(file);
  const response = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" }, body: ReadableStream.from(withProgress(file, size, output)), duplex: "half" }).catch((error: unknown) => {
    throw unanswered(url, error);
  });
  const answer = answerOf(await response.text(), response.status);
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

function readArgs(args: readonly string[], environment: Environment): { file: string; url: URL; token: string } {
  const options = { "test-set": { type: "string" }, format: { type: "string" }, columns: { type: "string" }, "dry-run": { type: "boolean" }, ...GATEWAY_OPTIONS } as const;
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new Error(`Which file?\n${USAGE}`);
  if (values["test-set"] === undefined) throw new Error(`--test-set is needed.\n${USAGE}`);
  const gateway = gatewayOf(values, environment);
  const format = values.format ?? FORMAT_BY_ENDING[extname(file).toLowerCase()];
  if (format === undefined) throw new Error(`The ending of ${basename(file)} tells no format: give --format.\n${USAGE}`);
  const url = new URL("/test-sets/import", gateway.url);
  url.search = new URLSearchParams({ testSet: values["test-set"], format, ...(values.columns === undefined ? {} : { columns: values.columns }), ...(values["dry-run"] === true ? { dryRun: "true" } : {}) }).toString();
  return { file, url, token: gateway.token };
}

/** Its size; throws where it cannot be read, as sending it would only say that it failed. */
async function sizeOf(file: string): Promise<number> {
  await access(file, constants.R_OK);
  const stats = await stat(file);
  if (stats.isDirectory()) throw new Error(`${file} is a folder. Name a file.`);
  return stats.size;
}

function answerOf(text: string, status: number): Answer {
  try {
    return JSON.parse(text) as Answer; // the gateway's own shape
  } catch {
    throw new Error(`The gateway answered ${status} with something that is no report. Is the address right?`);
  }
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
