import { readFileSync } from "node:fs";

/** The version of the package that runs, from its package.json: two folders up in src/, three in dist/. */
export function packageVersion(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { name?: string; version?: string }; // our own file
      if (name === "assay-gateway" && version !== undefined) return version;
    } catch {
      // Not here: the other folder has it.
    }
  }
  return "unknown";
}
