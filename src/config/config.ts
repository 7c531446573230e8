import { isIP } from "node:net";

/** The settings of a process, read once from its environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Null: the embedded database. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  /** Null: one is made at the first start and printed. */
  readonly bootstrapToken: string | null;
  /** 32 bytes, or null: the key in the data directory. */
  readonly secretKey: Buffer | null;
  /** Null: true on the embedded database, else false. */
  readonly endpointAllowPrivate: boolean | null;
  /** Calls in flight in this process. */
  readonly workerConcurrency: number;
  readonly corsOrigins: readonly string[];
  readonly metricsToken: string | null;
  readonly playground: boolean;
  readonly introspection: boolean;
  readonly logLevel: LogLevel;
  /** A model for the demo's judge metric. */
  readonly model: { readonly baseUrl: string; readonly name: string; readonly apiKey: string | null } | null;
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every setting that is wrong, at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The settings are not right:\n${problems.map((problem) => `  - ${problem}`).join("\n")}\nSee the environment table in README.md.`);
    this.name = "ConfigError";
  }
}

/** The environment of the process. The only place that reads it. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Reads the settings, or throws a ConfigError that lists every problem. An empty value counts as not set. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = processEnvironment()): Config {
  const problems: string[] = [];
  const { text, integer, flag, url } = readersOf(environment, problems);
  const production = text("NODE_ENV") === "production";
  const databaseUrl = url("DATABASE_URL", ["postgres:", "postgresql:"]);
  const config: Config = {
    host: readHost(text("HOST"), problems),
    port: integer("PORT", 4000, 0, 65_535),
    databaseUrl,
    dataDir: text("DATA_DIR") ?? ".data",
    bootstrapToken: readBootstrapToken(text("BOOTSTRAP_TOKEN"), problems),
    secretKey: readSecretKey(text("SECRET_KEY"), text("DATABASE_URL") !== null, problems),
    endpointAllowPrivate: flag("ENDPOINT_ALLOW_PRIVATE"),
    workerConcurrency: integer("WORKER_CONCURRENCY", 64, 1, 10_000),
    corsOrigins: readOrigins(text("CORS_ORIGINS"), problems),
    metricsToken: text("METRICS_TOKEN"),
    playground: flag("PLAYGROUND") ?? !production,
    introspection: flag("INTROSPECTION") ?? !production,
    logLevel: readLogLevel(text("LOG_LEVEL"), problems),
    model: readModel({ baseUrl: text("MODEL_BASE_URL"), validBaseUrl: url("MODEL_BASE_URL", ["http:", "https:"]), name: text("MODEL_NAME"), apiKey: text("MODEL_API_KEY") }, problems),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/** Reads single settings; what is wrong with them goes to `problems`. */
function readersOf(environment: Readonly<Record<string, string | undefined>>, problems: string[]) {
  const text = (name: string): string | null => environment[name]?.trim() || null;
  const integer = (name: string, fallback: number, minimum: number, maximum: number): number => {
    const value = text(name);
    if (value === null) return fallback;
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= minimum && number <= maximum) return number;
    problems.push(`${name} must be a whole number from ${minimum} to ${maximum}; it is "${value}".`);
    return fallback;
  };
  const flag = (name: string): boolean | null => {
    const value = text(name)?.toLowerCase() ?? null;
    if (value === null) return null;
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
    problems.push(`${name} must be true or false; it is "${value}".`);
    return null;
  };
  const url = (name: string, protocols: readonly string[]): string | null => {
    const value = text(name);
    if (value === null) return null;
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
    problems.push(`${name} must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}.`);
    return null;
  };
  return { text, integer, flag, url };
}

function readHost(value: string | null, problems: string[]): string {
  const host = value ?? "127.0.0.1";
  if (isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) return host;
  problems.push(`HOST must be an address or a host name; it is "${host}".`);
  return host;
}

function readBootstrapToken(value: string | null, problems: string[]): string | null {
  if (value !== null && !/^[\x21-\x7e]{16,}$/.test(value)) problems.push("BOOTSTRAP_TOKEN must have at least 16 characters, all of them printable ASCII without blanks.");
  return value;
}

function readSecretKey(value: string | null, needed: boolean, problems: string[]): Buffer | null {
  if (value === null) {
    if (needed) problems.push("SECRET_KEY is needed with DATABASE_URL: 32 random bytes in base64, such as `openssl rand -base64 32` prints.");
    return null;
  }
  const key = Buffer.from(value, "base64");
  if (key.length === 32 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return key;
  problems.push("SECRET_KEY must be 32 bytes in base64, such as `openssl rand -base64 32` prints.");
  return null;
}

function readOrigins(value: string | null, problems: string[]): readonly string[] {
  const origins = (value ?? "").split(",").map((origin) => origin.trim()).filter((origin) => origin !== "");
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) problems.push(`CORS_ORIGINS must list origins such as https://app.example.com; "${origin}" is none.`);
  }
  return origins;
}

function readLogLevel(value: string | null, problems: string[]): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === (value ?? "info"));
  if (level === undefined) problems.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}; it is "${value}".`);
  return level ?? "info";
}

function readModel(given: { baseUrl: string | null; validBaseUrl: string | null; name: string | null; apiKey: string | null }, problems: string[]): Config["model"] {
  const { baseUrl, validBaseUrl, name, apiKey } = given;
  if (validBaseUrl !== null && name !== null) return { baseUrl: validBaseUrl, name, apiKey };
  if ((baseUrl === null) !== (name === null)) problems.push("MODEL_BASE_URL and MODEL_NAME go together: set both or neither.");
  return null;
}
