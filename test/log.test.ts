import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** Logs in a process of its own, as the log writes to its standard error. */
function logged(options: string, call: string): string {
  const script = `import { createLogger } from "./src/log.js"; const log = createLogger(${options}); ${call};`;
  const { stderr, stdout } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], { encoding: "utf8" });
  expect(stdout).toBe("");
  return stderr;
}

describe("the log", () => {
  it("is one JSON line an event on standard error, with time, level and service", () => {
    const lines = logged('{ level: "info", service: "api" }', 'log.debug("unseen"); log.info({ runId: "r" }, "first\\nline"); log.error({ err: new Error("broken") }, "second")').trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, any>);
    expect(first).toEqual({ level: "info", time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), service: "api", runId: "r", msg: "first\nline" });
    expect(second).toMatchObject({ level: "error", msg: "second", err: { message: "broken", stack: expect.stringContaining("Error: broken") } });
  });

  it("shows no secret that a field is named for", () => {
    const text = logged('{ level: "info", service: "api" }', 'log.info({ token: "s3cr3t", headers: { authorization: "Bearer s3cr3t" }, auth: { password: "s3cr3t", secret: "s3cr3t" } }, "seen")');
    expect(text).not.toContain("s3cr3t");
    expect(JSON.parse(text)).toMatchObject({ token: "***", headers: { authorization: "***" } });
  });

  it("is readable for people on a terminal", () => {
    const text = logged('{ level: "info", service: "gateway", pretty: true }', 'log.warn({ runId: "r" }, "a run waits")');
    expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}gateway a run waits \{"runId":"r"\}\n$/);
  });
});
