import type { TestRun } from "../runs/index.js";

/** What a run's results are downloaded as. */
export const ExportFormat = { CSV: "csv", JSONL: "jsonl", JUNIT: "junit" } as const;
export type ExportFormat = (typeof ExportFormat)[keyof typeof ExportFormat];

/** The ending of a format's paths and files. */
export const ENDING: Readonly<Record<ExportFormat, string>> = { csv: "csv", jsonl: "jsonl", junit: "junit.xml" };

/** The media type of a format. */
export const MEDIA_TYPE: Readonly<Record<ExportFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  jsonl: "application/jsonl; charset=utf-8",
  junit: "application/xml; charset=utf-8",
};

/** The format of an ending, or null. */
export function formatOfEnding(ending: string): ExportFormat | null {
  return Object.values(ExportFormat).find((format) => ENDING[format] === ending) ?? null;
}

/** File systems refuse names of more than 255 bytes; the ending, and a number that a browser adds, need some. */
const MAX_NAME_BYTES = 200;

/**
 * The header that names the file after the run, as RFC 6266 has it: letters and digits of ASCII for old readers, the
 * name itself, percent-encoded, for all others. No character of a name can end the header or lead into another folder.
 */
export function contentDisposition(run: Pick<TestRun, "name">, format: ExportFormat): string {
  const name = shortened(
    run.name
      .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]+/gu, " ")
      .replaceAll(/\s+/g, " ")
      .replace(/^[.\s]+/, ""),
  ).trim();
  const plain = name.replaceAll(/[^\w.]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const encoded = encodeURIComponent(`${name === "" ? "results" : name}.${ENDING[format]}`).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain === "" ? "results" : plain}.${ENDING[format]}"; filename*=UTF-8''${encoded}`;
}

/** The beginning of a well-formed name, cut between characters. */
function shortened(name: string): string {
  const bytes = Buffer.from(name);
  return bytes.length <= MAX_NAME_BYTES ? name : bytes.toString("utf8", 0, MAX_NAME_BYTES).replace(/\uFFFD+$/, "");
}
