import { parseDocument, visit } from "yaml";
import { ExactNumber, type SourceFile } from "./import-format.js";
import { unreadable, wholeText } from "./import-lines.js";
import { openDocument } from "./json-rows.js";

/** Its parser takes a quarter of a second a megabyte, in which nothing else is answered. */
const MAX_YAML_BYTES = 5 * 1024 * 1024;

/** Opens a YAML file: a list of tests, or an object with one, as in JSON. */
export async function openYaml(source: AsyncIterable<Uint8Array>): Promise<SourceFile> {
  const text = await wholeText(source, MAX_YAML_BYTES, "Send it as JSON lines or CSV, which may have any length.");
  const document = parseDocument(text, { merge: true }); // of YAML 1.1, and used all over configurations: `<<: *defaults`
  const [error] = document.errors;
  if (error?.code === "MULTIPLE_DOCS") throw unreadable("The file holds several YAML documents, parted by ---. Put all tests in one list.");
  if (error !== undefined) throw unreadable(`The file is not YAML: ${error.message}`);
  // What YAML takes for a number or a truth value may be meant as text: it keeps how it is written.
  visit(document, {
    Scalar: (_, node) => {
      const { value, source } = node;
      if (source !== undefined && (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") && String(value) !== source) node.value = new ExactNumber(value, source);
    },
  });
  return openDocument(toPlain(document), null);
}

function toPlain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw unreadable(`The file is not usable YAML: ${(error as Error).message}`); // too many aliases, or a loop of them
  }
}
