import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { acceptsGzip, type Exchange } from "./exchange.js";

const BASE = "/playground";
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".ttf": "font/ttf",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
/** Nothing from outside, ever. The editor writes its theme into style elements, hence 'unsafe-inline' for styles alone. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the built explorer: only files that were there at the start, so no path can lead elsewhere. */
export class PlaygroundFiles {
  readonly #dir: string;
  readonly #files: ReadonlySet<string>;

  private constructor(dir: string, files: ReadonlySet<string>) {
    this.#dir = dir;
    this.#files = files;
  }

  /** Lists the files; null when the playground is off or was not built. */
  static async open(dir: string | null): Promise<PlaygroundFiles | null> {
    if (dir === null) return null;
    const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []); // not built: as if switched off
    const files = new Set(entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(join(dir, sep).length).replaceAll(sep, "/")));
    return files.has("index.html") ? new PlaygroundFiles(dir, files) : null;
  }

  /** Whether the path is the explorer's. */
  owns(path: string): boolean {
    return path === BASE || path.startsWith(`${BASE}/`);
  }

  /** Answers the page or one of its assets; false when there is no such file. */
  async send(exchange: Exchange): Promise<boolean> {
    const name = exchange.url.pathname.slice(BASE.length + 1) || "index.html";
    const mediaType = MEDIA_TYPES[extname(name)];
    if (!this.#files.has(name) || mediaType === undefined) return false;
    const isCompressed = this.#files.has(`${name}.gz`) && acceptsGzip(exchange.incoming);
    const headers = {
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "referrer-policy": "no-referrer",
      "cache-control": name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-store",
      ...(isCompressed ? { "content-encoding": "gzip" } : {}),
    };
    await exchange.send({ headers, contentType: mediaType, body: createReadStream(join(this.#dir, isCompressed ? `${name}.gz` : name)) });
    return true;
  }
}
