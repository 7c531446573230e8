import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "../../src/config/config.js";

const KEY = Buffer.alloc(32, 7).toString("base64");

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe("readConfig", () => {
  it("has the documented defaults", () => {
    expect(readConfig({})).toEqual({
      host: "127.0.0.1",
      port: 4000,
      databaseUrl: null,
      dataDir: ".data",
      bootstrapToken: null,
      secretKey: null,
      previousSecretKeys: [],
      endpointAllowPrivate: null,
      workerConcurrency: 64,
      corsOrigins: [],
      metricsToken: null,
      workerPort: null,
      traces: null,
      playground: true,
      introspection: true,
      logLevel: "info",
      model: null,
    });
  });

  it("counts empty and blank values as not set", () => {
    const names = ["HOST", "PORT", "DATABASE_URL", "DATA_DIR", "BOOTSTRAP_TOKEN", "SECRET_KEY", "ENDPOINT_ALLOW_PRIVATE", "WORKER_CONCURRENCY", "CORS_ORIGINS", "METRICS_TOKEN", "WORKER_PORT", "SECRET_KEY_PREVIOUS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "PLAYGROUND", "INTROSPECTION", "LOG_LEVEL", "MODEL_BASE_URL", "MODEL_NAME", "MODEL_API_KEY", "NODE_ENV"];
    for (const blank of ["", "   "]) expect(readConfig(Object.fromEntries(names.map((name) => [name, blank])))).toEqual(readConfig({}));
  });

  it("reads every setting", () => {
    const config = readConfig({
      HOST: "::1",
      PORT: " 0 ",
      DATABASE_URL: "postgresql://user:secret@db.example.com:5432/assay?sslmode=require",
      DATA_DIR: "/var/lib/assay",
      BOOTSTRAP_TOKEN: "0123456789abcdef",
      SECRET_KEY: KEY,
      SECRET_KEY_PREVIOUS: ` ${Buffer.alloc(32, 8).toString("base64")},${Buffer.alloc(32, 9).toString("base64url")} `,
      WORKER_PORT: "9400",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
      OTEL_TRACES_SAMPLER: "traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
      ENDPOINT_ALLOW_PRIVATE: "TRUE",
      WORKER_CONCURRENCY: "8",
      CORS_ORIGINS: "https://a.example.com, http://localhost:5173,",
      METRICS_TOKEN: "metrics",
      PLAYGROUND: "0",
      INTROSPECTION: "1",
      LOG_LEVEL: "debug",
      MODEL_BASE_URL: "https://models.example.com/v1",
      MODEL_NAME: "small",
      MODEL_API_KEY: "key",
    });
    expect(config).toEqual({
      host: "::1",
      port: 0,
      databaseUrl: "postgresql://user:secret@db.example.com:5432/assay?sslmode=require",
      dataDir: "/var/lib/assay",
      bootstrapToken: "0123456789abcdef",
      secretKey: Buffer.alloc(32, 7),
      previousSecretKeys: [Buffer.alloc(32, 8), Buffer.alloc(32, 9)],
      endpointAllowPrivate: true,
      workerConcurrency: 8,
      corsOrigins: ["https://a.example.com", "http://localhost:5173"],
      metricsToken: "metrics",
      workerPort: 9400,
      traces: { sampler: "traceidratio", samplerArgument: 0.25 },
      playground: false,
      introspection: true,
      logLevel: "debug",
      model: { baseUrl: "https://models.example.com/v1", name: "small", apiKey: "key" },
    });
  });

  it("closes playground and introspection in production unless told otherwise", () => {
    expect(readConfig({ NODE_ENV: "production" })).toMatchObject({ playground: false, introspection: false });
    expect(readConfig({ NODE_ENV: "production", PLAYGROUND: "true", INTROSPECTION: "true" })).toMatchObject({ playground: true, introspection: true });
  });

  it("lists every problem at once, one for each setting, each naming it", () => {
    const problems = problemsOf({
      HOST: "not a host",
      PORT: "65536",
      DATABASE_URL: "mysql://localhost/db",
      BOOTSTRAP_TOKEN: "short",
      SECRET_KEY: "AAAA",
      SECRET_KEY_PREVIOUS: `${KEY},BBBB`,
      WORKER_PORT: "-1",
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector",
      OTEL_TRACES_SAMPLER: "sometimes",
      ENDPOINT_ALLOW_PRIVATE: "maybe",
      WORKER_CONCURRENCY: "0",
      CORS_ORIGINS: "https://ok.example.com,https://app.example.com/path",
      PLAYGROUND: "on",
      INTROSPECTION: "off",
      LOG_LEVEL: "loud",
      MODEL_BASE_URL: "ftp://models.example.com",
      MODEL_NAME: "small",
    });
    const names = problems.map((problem) => problem.split(" ")[0]);
    expect([...names].sort()).toEqual(["BOOTSTRAP_TOKEN", "CORS_ORIGINS", "DATABASE_URL", "ENDPOINT_ALLOW_PRIVATE", "HOST", "INTROSPECTION", "LOG_LEVEL", "MODEL_BASE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "PLAYGROUND", "PORT", "SECRET_KEY", "SECRET_KEY_PREVIOUS", "WORKER_CONCURRENCY", "WORKER_PORT"]);
    expect(new ConfigError(problems).message.split("\n").filter((line) => line.startsWith("  - "))).toEqual(problems.map((problem) => `  - ${problem}`));
  });

  it.each(["-1", "1.5", "0x10", "1e3", "４０００", "99999999999999999999", "4000;"])("refuses %s as a port", (value) => {
    expect(problemsOf({ PORT: value })).toHaveLength(1);
  });

  it("refuses settings of guards that are not built, rather than taking no notice", () => {
    expect(problemsOf({ OIDC_ISSUER: "https://login.example.com", OIDC_AUDIENCE: "assay", PERSISTED_OPERATIONS: "operations.json" })).toEqual([
      expect.stringMatching(/^OIDC_ISSUER would guard nothing: single sign-on is not built; .*Take it away\.$/),
      expect.stringMatching(/^OIDC_AUDIENCE would guard nothing/),
      expect.stringMatching(/^PERSISTED_OPERATIONS would guard nothing: trusted operations are not built/),
    ]);
    expect(problemsOf({ OIDC_ISSUER: "", PERSISTED_OPERATIONS: " " })).toEqual([]);
  });

  it("needs a secret key with a database of one's own, also when its URL is wrong", () => {
    expect(problemsOf({ DATABASE_URL: "postgres://localhost/db" })).toEqual([expect.stringContaining("SECRET_KEY")]);
    expect(problemsOf({ DATABASE_URL: "nonsense" })).toHaveLength(2);
    expect(problemsOf({ DATABASE_URL: "postgres://localhost/db", SECRET_KEY: KEY })).toEqual([]);
  });

  it.each([Buffer.alloc(31).toString("base64"), Buffer.alloc(33).toString("base64"), `${KEY}!`, `${KEY.slice(0, 20)} ${KEY.slice(20)}`, Buffer.alloc(32).toString("hex")])("refuses the secret key %s", (key) => {
    expect(problemsOf({ SECRET_KEY: key })).toHaveLength(1);
  });

  it("takes a secret key of any 32 bytes in either base64 alphabet", () => {
    for (let each = 0; each < 50; each += 1) {
      const key = randomBytes(32);
      expect(readConfig({ SECRET_KEY: key.toString("base64") }).secretKey).toEqual(key);
      expect(readConfig({ SECRET_KEY: key.toString("base64url") }).secretKey).toEqual(key);
    }
  });

  it("says that the model's two settings go together only when one is missing", () => {
    expect(problemsOf({ MODEL_NAME: "small" })).toEqual([expect.stringContaining("go together")]);
    expect(problemsOf({ MODEL_BASE_URL: "https://models.example.com" })).toEqual([expect.stringContaining("go together")]);
  });

  it("traces only by OTLP over HTTP, to an endpoint, and not when it is switched off", () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318";
    expect(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT }).traces).toEqual({ sampler: null, samplerArgument: null });
    expect(readConfig({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces" }).traces).not.toBeNull();
    for (const off of [{ OTEL_SDK_DISABLED: "true" }, { OTEL_TRACES_EXPORTER: "none" }]) expect(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT, ...off }).traces).toBeNull();
    expect(problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toEqual([expect.stringContaining("OTEL_EXPORTER_OTLP_PROTOCOL")]);
    expect(problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" })).toEqual([expect.stringContaining("OTEL_TRACES_SAMPLER_ARG")]);
  });

  it("shows no secret in its problems", () => {
    const secrets = { BOOTSTRAP_TOKEN: "s3cr3t-with blanks", SECRET_KEY: "s3cr3t-key", METRICS_TOKEN: "s3cr3t", MODEL_API_KEY: "s3cr3t", DATABASE_URL: "http://user:s3cr3t@host/db", MODEL_BASE_URL: "ftp://user:s3cr3t@host/" };
    const problems = problemsOf({ ...secrets, PORT: "none" });
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.join("\n")).not.toContain("s3cr3t");
  });

  it("cannot be changed", () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });
});
