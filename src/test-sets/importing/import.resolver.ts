import { Arg, Authorized, Ctx, Mutation, Resolver } from "type-graphql";
import { assertNoProblems } from "../../errors.js";
import type { Context } from "../../graphql/index.js";
import { Role } from "../../viewer.js";
import { textFault } from "../../texts.js";
import type { ImportReport } from "./import-format.js";
import { ImportTestsInput } from "./import.inputs.js";
import { ImportReportType } from "./import.type.js";
import type { ImporterService } from "./importer.service.js";

/** Larger content goes through the streamed form: this one is held in memory several times over. */
const MAX_CONTENT_BYTES = 5_000_000;
const CHUNK_BYTES = 64 * 1024;

/** Imports of content that is part of the request. */
@Resolver()
export class ImportResolver {
  readonly #importer: ImporterService;

  constructor(importer: ImporterService) {
    this.#importer = importer;
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ImportReportType, { description: "Imports tests from a file's text, all or nothing. Tests with a key that the set has are updated, so that importing again is safe." })
  importTests(@Arg("input", () => ImportTestsInput, { description: "The set, the file and how to read it." }) input: ImportTestsInput, @Ctx() context: Context): Promise<ImportReport> {
    const { testSet, format, columns = null, dryRun } = input;
    const bytes = Buffer.from(input.content);
    const fault = textFault(input.content) ?? (bytes.length > MAX_CONTENT_BYTES ? `It has ${bytes.length} bytes; at most ${MAX_CONTENT_BYTES} are taken here. Send the file to POST /test-sets/import.` : null);
    assertNoProblems(fault === null ? [] : [{ field: "input.content", message: fault }]);
    return this.#importer.importTests(context.viewer, { testSet, format, columns, dryRun }, chunksOf(bytes));
  }
}

/** In pieces, so that parsing lets other requests in between. */
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    yield bytes.subarray(start, start + CHUNK_BYTES);
    await new Promise(setImmediate);
  }
}
