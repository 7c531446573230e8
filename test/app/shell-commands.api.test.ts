import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExecute } from "../../src/app/execute-run.js";
import { runGate } from "../../src/app/gate-run.js";
import { runImport } from "../../src/app/import-file.js";
import type { GatewayServer } from "../../src/http/index.js";
import { IdKind, newId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { spawnProcess } from "../support/gateway-process.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";

let app: TestApp;
let server: GatewayServer;
/** A server that is no gateway. */
const other = createServer((_request, response) => response.end("<html>hello</html>"));
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  other.close();
  await server.close(0);
  await app.close();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function ending(command: (output: { out: (text: string) => void; err: (text: string) => void; isTerminal: boolean }) => Promise<number>): Promise<Ended> {
  const written = { out: "", err: "" };
  const output = { out: (text: string) => void (written.out += text), err: (text: string) => void (written.err += text), isTerminal: false };
  return { code: await command(output), ...written };
}

const environmentWith = (changes: Record<string, string>): Record<string, string> => ({ ASSAY_URL: server.url, ASSAY_TOKEN: ADMIN_TOKEN, ...changes });
const UNKNOWN = newId(IdKind.TEST_RUN);
const COMMANDS = {
  gate: (environment: Record<string, string>) => ending((output) => runGate(["--run", UNKNOWN, "--min-pass-rate", "0.9"], environment, output)),
  execute: (environment: Record<string, string>) => ending((output) => runExecute(["--test-set", "nobody", "--endpoint", "nothing"], environment, output, new AbortController().signal)),
};
/** No port that fetch refuses by itself, and nobody listens at it. */
const NOBODY = "http://127.0.0.1:2";

describe.each(Object.entries(COMMANDS))("npm run %s", (name, run) => {
  it.each([
    ["nobody answers", { ASSAY_URL: NOBODY }, /^No gateway answers at http:\/\/127\.0\.0\.1:2 \(.*ECONNREFUSED.*\): start it \(npm start\), or name another address by --url or ASSAY_URL\.$/],
    ["the address is none", { ASSAY_URL: "127.0.0.1:4000" }, /^"127\.0\.0\.1:4000" is no address of a gateway: give --url or ASSAY_URL such as http:\/\/127\.0\.0\.1:4000\.$/],
    ["the token is missing", { ASSAY_TOKEN: "" }, /^A token is needed: --token, or ASSAY_TOKEN\.$/],
    ["the token was copied with dots for its end", { ASSAY_TOKEN: "abc…" }, /^The token has signs that no token has, .*: check --token or ASSAY_TOKEN\.$/],
    ["the token has a line break within", { ASSAY_TOKEN: "abc\ndef" }, /^The token has signs that no token has, (?!.*abc)/],
    ["the token is wrong", { ASSAY_TOKEN: "wrong" }, /^The token is unknown or was revoked\. Ask an ADMIN for a new one\. \[TOKEN_INVALID\]$/],
    ["what it is about is not there", {}, name === "gate" ? new RegExp(`^There is no test run "${UNKNOWN}": look it up in the list of runs, or check the organization of the token\\.$`) : /^There is no test set "nobody" here\. Look it up in the list, or check the organization of the token\. \[NOT_FOUND\]$/],
  ] as [string, Record<string, string>, RegExp][])("ends with 2 and one line that says what to do when %s", async (_, changes, message) => {
    const { code, out, err } = await run(environmentWith(changes));
    expect([code, out, err.split("\n").length]).toEqual([2, "", 2]);
    expect(err.trimEnd()).toMatch(message);
  }); // prettier-ignore

  it("ends with 2 when another server answers", async () => {
    const { code, err } = await run(environmentWith({ ASSAY_URL: `http://127.0.0.1:${(other.address() as AddressInfo).port}` }));
    expect([code, err]).toEqual([2, "The gateway answered 200 with something that is no GraphQL answer. Is the address right?\n"]);
  });

  it("as a process ends with that exit code", async () => {
    const args = name === "gate" ? ["--run", UNKNOWN, "--min-pass-rate", "0.9"] : ["--test-set", "nobody", "--endpoint", "nothing"];
    const { child, output } = spawnProcess(process.execPath, ["--import", "tsx", `src/bin/${name}.ts`, ...args], { ASSAY_URL: NOBODY, ASSAY_TOKEN: ADMIN_TOKEN });
    expect(await once(child, "close")).toEqual([2, null]);
    expect(output).toEqual({ stdout: "", stderr: expect.stringMatching(/^No gateway answers at [^\n]*\n$/) as string });
  });
});

describe("npm run import", () => {
  it.each([
    ["nobody answers", "package.json", { ASSAY_URL: NOBODY }, /^No gateway answers at http:\/\/127\.0\.0\.1:2 \(.*\): start it/],
    ["the token is missing", "package.json", { ASSAY_TOKEN: "" }, /^A token is needed: --token, or ASSAY_TOKEN\.$/],
    ["the file is not there", "nowhere.json", {}, /ENOENT.*nowhere\.json/],
    ["the file is a folder", "src", {}, /^src is a folder\. Name a file\.$/],
  ] as [string, string, Record<string, string>, RegExp][])("says what to do when %s", async (_, file, changes, message) => {
    await expect(ending((output) => runImport([file, "--format", "JSON", "--test-set", "x"], environmentWith(changes), output))).rejects.toThrow(message);
  });

  it("says so when another server answers", async () => {
    const environment = environmentWith({ ASSAY_URL: `http://127.0.0.1:${(other.address() as AddressInfo).port}` });
    await expect(ending((output) => runImport(["package.json", "--test-set", "x"], environment, output))).rejects.toThrow("The gateway answered 200 with something that is no report. Is the address right?");
  });
});
