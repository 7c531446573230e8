import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildSchema, getOperationAST, parse, validate } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OperationCheck } from "../../src/http/operation-check.js";
import { EXAMPLES } from "../../src/playground/examples.js";
import { takeFragment } from "../../src/playground/fragment.js";
import { type SampleGateway, startSampleGateway } from "./sample-gateway.js";

const root = new URL("../..", import.meta.url).pathname;
const built = join(root, "dist/playground");

describe("the playground's files", () => {
  const script = `export const text = "${"x".repeat(5_000)}";`;
  let dir: string;
  let gateway: SampleGateway;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "playground-"));
    await mkdir(join(dir, "assets"));
    await writeFile(join(dir, "index.html"), "<title>Assay playground</title>");
    await writeFile(join(dir, "assets/index-1a2b.js"), script);
    await writeFile(join(dir, "assets/index-1a2b.js.gz"), gzipSync(script));
    gateway = await startSampleGateway({ settings: { playgroundDir: dir } });
  });
  afterAll(async () => {
    await gateway.close(1_000);
    await rm(dir, { recursive: true });
  });

  test("the page needs no token, may load nothing from outside and is never stored", async () => {
    const response = await fetch(`${gateway.origin}/playground`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'self';/);
    expect(policy).not.toMatch(/script-src|connect-src|unsafe-eval|https?:|\*/);
    expect(await response.text()).toContain("Assay playground");
  });

  test("assets are kept for ever and sent compressed as they were built", async () => {
    const response = await fetch(`${gateway.origin}/playground/assets/index-1a2b.js`, { headers: { "accept-encoding": "gzip" } });
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(await response.text()).toBe(script);
    const plain = await fetch(`${gateway.origin}/playground/assets/index-1a2b.js`, { headers: { "accept-encoding": "identity" } });
    expect([plain.headers.get("content-encoding"), await plain.text()]).toEqual([null, script]);
  });

  test("no path leads out of them", async () => {
    for (const path of ["/playground/nothing.js", "/playground/assets", "/playground/..%2f..%2fetc%2fpasswd", "/playground/assets/%2e%2e/%2e%2e/package.json"]) {
      expect([401, 404]).toContain((await fetch(`${gateway.origin}${path}`)).status);
    }
  });

  test("the root leads there; where it is switched off or not built, nothing is there", async () => {
    const response = await fetch(gateway.origin, { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "/playground"]);
    for (const settings of [{ playground: false, playgroundDir: dir }, { playground: true, playgroundDir: join(dir, "nothing") }]) {
      const other = await startSampleGateway({ settings });
      expect((await fetch(`${other.origin}/playground`)).status).toBe(401);
      await other.close(1_000);
    }
  });
});

describe("a link to the playground", () => {
  function open(hash: string): { opening: ReturnType<typeof takeFragment>; left: string | null } {
    let left: string | null = null;
    const opening = takeFragment({ hash, pathname: "/playground", search: "" }, { replaceState: (_state, _unused, url) => void (left = url) });
    return { opening, left };
  }

  test("brings the token in its fragment, which does not stay in the address bar", () => {
    expect(open("#token=secret")).toEqual({ opening: { token: "secret", query: null, variables: null }, left: "/playground" });
    expect(open("")).toEqual({ opening: { token: null, query: null, variables: null }, left: null });
  });

  test("opens an example by its name, or any document, with its variables", () => {
    const variables = JSON.stringify({ runId: "1" });
    expect(open(`#token=a&operation=RunStatus&variables=${encodeURIComponent(variables)}`).opening).toMatchObject({ query: expect.stringContaining("subscription RunStatus") as string, variables });
    expect(open(`#query=${encodeURIComponent("{ viewer { role } }")}`).opening).toEqual({ token: null, query: "{ viewer { role } }", variables: null });
    expect(open("#operation=Nothing").opening.query).toBeNull();
  });
});

describe("the playground's examples", () => {
  test("are named as links name them, and have JSON variables", () => {
    for (const { name, query, variables } of EXAMPLES) {
      expect(getOperationAST(parse(query))?.name?.value).toBe(name);
      if (variables !== null) JSON.parse(variables);
    }
  });

  test("are operations of schema.graphql within the limits", () => {
    const schema = buildSchema(readFileSync(join(root, "schema.graphql"), "utf8"));
    expect(EXAMPLES.flatMap(({ query }) => validate(schema, parse(query)).map(({ message }) => message))).toEqual([]);
    for (const { query, variables } of EXAMPLES) {
      new OperationCheck(schema, { introspection: true }).check({ query, variables: JSON.parse(variables ?? "{}") as Record<string, unknown> });
    }
  });
});

// `npm test` builds it first.
describe("the built playground", () => {
  const read = (pattern: RegExp): string[] =>
    readdirSync(built, { recursive: true, encoding: "utf8" })
      .filter((name) => pattern.test(name))
      .map((name) => readFileSync(join(built, name), "utf8"));

  test("fetches nothing from outside", () => {
    const files = read(/\.(html|css|js)$/);
    expect(files.length).toBeGreaterThan(5);
    for (const text of files) {
      expect(text).not.toMatch(/(src|href)=["']?(https?:)?\/\//);
      expect(text).not.toMatch(/(url\(|@import )["']?(https?:)?\/\//);
      expect(text).not.toMatch(/\b(fetch|import|importScripts|Worker|WebSocket|EventSource|sendBeacon)\(\s*["'`](https?:|wss?:)?\/\//);
    }
  });

  test("has hashed assets with compressed copies", () => {
    const [page = ""] = read(/^index\.html$/);
    expect(page).toContain("<title>Assay playground</title>");
    const assets = [...page.matchAll(/(?:src|href)="\/playground\/(assets\/[^"]+)"/g)].map((match) => match[1] ?? "");
    expect(assets.length).toBeGreaterThan(1);
    for (const asset of assets) {
      expect(asset).toMatch(/-[\w-]{8}\.(js|css|svg)$/);
      expect(existsSync(join(built, `${asset}.gz`))).toBe(true);
    }
  });
});
