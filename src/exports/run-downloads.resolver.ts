import { FieldResolver, Resolver, Root } from "type-graphql";
import type { TestRun } from "../runs/index.js";
import { TestRunType } from "../runs/graphql.js";
import type { DownloadLinks } from "./download-link.js";
import { ExportFormat } from "./export-format.js";
import { type RunDownloads, RunDownloadsType } from "./run-downloads.type.js";

/** The links to a run's files. */
@Resolver(() => TestRunType)
export class RunDownloadsResolver {
  readonly #links: DownloadLinks;

  constructor(links: DownloadLinks) {
    this.#links = links;
  }

  @FieldResolver(() => RunDownloadsType, { description: "Paths that stream the results. Each carries a signature good for five minutes, so that a plain link works; without the query string it needs the usual token." })
  downloads(@Root() run: TestRun): RunDownloads {
    const link = (format: ExportFormat): string => this.#links.sign(run, { runId: run.id, format });
    return { csv: link(ExportFormat.CSV), jsonl: link(ExportFormat.JSONL), junit: link(ExportFormat.JUNIT) };
  }
}
