import type { AuditTrail } from "../accounts/index.js";
import { assertNoProblems, type Problem } from "../errors.js";
import type { PlainRoute, ViewerRequest } from "../http/index.js";
import { IdKind, isId } from "../ids.js";
import { type Cells, ImportFormat, type ImportReport, isObject } from "./importing/import-format.js";
import type { ImporterService, ImportTests } from "./importing/importer.service.js";

/** The streamed form of importTests: the body is the file, of any length. Noted in the audit trail as that mutation is. */
export function importRoutes(importer: ImporterService, audit: Pick<AuditTrail, "record">): readonly PlainRoute[] {
  return [
    {
      method: "POST",
      path: "/test-sets/import",
      handle: async (request: ViewerRequest): Promise<void> => {
        const { viewer, requestId, remoteAddress } = request;
        const args = argsOf(request.url.searchParams);
        const report = await importer.importTests(viewer, args, request.body);
        if (!args.dryRun && report.created + report.updated > 0) {
          const target = report.testSet === null ? null : { type: "TestSet", id: report.testSet.id };
          await audit.record(viewer, { action: "importTests", target, remoteAddress, details: { requestId, fields: [...request.url.searchParams.keys()] } });
        }
        await request.send({ contentType: "application/json; charset=utf-8", body: JSON.stringify(answerOf(report)) });
      },
    },
  ];
}

const ARGUMENTS: readonly string[] = ["testSet", "format", "columns", "dryRun"];

/** The query string's arguments. BAD_USER_INPUT with every problem. */
function argsOf(query: URLSearchParams): ImportTests {
  const testSet = query.get("testSet") ?? "";
  const format = (query.get("format") ?? "").toUpperCase();
  const columns = readColumns(query.get("columns"));
  const dryRun = query.get("dryRun") ?? "false";
  const problems: Problem[] = [];
  if (testSet === "") problems.push({ field: "testSet", message: "Name the test set: an existing one by name or id, or the name of a new one." });
  const known = Object.values(ImportFormat).find((candidate) => candidate === format);
  if (known === undefined) problems.push({ field: "format", message: `It must be one of ${Object.values(ImportFormat).join(", ")}.` });
  if (columns === undefined) problems.push({ field: "columns", message: 'It must be a JSON object, such as {"prompt": "Frage"}.' });
  if (dryRun !== "true" && dryRun !== "false") problems.push({ field: "dryRun", message: "It must be true or false." });
  // A misspelled dryRun that nobody noticed would import.
  for (const field of new Set(query.keys())) {
    if (!ARGUMENTS.includes(field)) problems.push({ field, message: `There is no such argument. The arguments are ${ARGUMENTS.join(", ")}.` });
    else if (query.getAll(field).length > 1) problems.push({ field, message: "Give it once." });
  }
  assertNoProblems(problems);
  return { testSet: isId(testSet, IdKind.TEST_SET) ? { id: testSet } : { name: testSet }, format: known ?? ImportFormat.CSV, columns: columns ?? null, dryRun: dryRun === "true" };
}

function readColumns(text: string | null): Cells | null | undefined {
  if (text === null || text === "") return null;
  try {
    const columns: unknown = JSON.parse(text);
    return isObject(columns) ? columns : undefined;
  } catch {
    return undefined; // the caller says what is wrong with it
  }
}

/** The report as its GraphQL type shows it, with what is plain of the set. */
function answerOf(report: ImportReport): Record<string, unknown> {
  const { testSet, ...counts } = report;
  return { testSet: testSet === null ? null : { id: testSet.id, name: testSet.name, type: testSet.type, version: testSet.version, testCount: testSet.testCount }, ...counts };
}
