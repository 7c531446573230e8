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
  /** Older keys that still open what they sealed, until it is sealed anew. */
  readonly previousSecretKeys: readonly Buffer[];
  /** Null: true on the embedded database, else false. */
  readonly endpointAllowPrivate: boolean | null;
  /** Calls in flight in this process. */
  readonly workerConcurrency: number;
  readonly corsOrigins: readonly string[];
  readonly metricsToken: string | null;
  /** Where a worker process answers probes and metrics; null: it opens no port. */
  readonly workerPort: number | null;
  /** Null: no traces, and nothing of OpenTelemetry is loaded. */
  readonly traces: TraceSettings | null;
  readonly playground: boolean;
  readonly introspection: boolean;
  readonly logLevel: LogLevel;
  /** A model for the demo's judge metric. */
  readonly model: { readonly baseUrl: string; readonly name: string; readonly apiKey: string | null } | null;
}

/** Which spans are kept; where they go, OpenTelemetry's exporter reads by itself. */
export interface TraceSettings {
  /** Of OTEL_TRACES_SAMPLER; null: all, unless the caller's span says otherwise. */
  readonly sampler: string | null;
  readonly samplerArgument: number | null;
}

const SAMPLERS = ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

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
  refuseUnbuilt(text, problems);
  const config: Config = {
    host: readHost(text("HOST"), problems),
    port: integer("PORT", 4000, 0, 65_535),
    databaseUrl,
    dataDir: text("DATA_DIR") ?? ".data",
    bootstrapToken: readBootstrapToken(text("BOOTSTRAP_TOKEN"), problems),
    secretKey: readSecretKey(text("SECRET_KEY"), text("DATABASE_URL") !== null, problems),
    previousSecretKeys: readPreviousKeys(text("SECRET_KEY_PREVIOUS"), problems),
    endpointAllowPrivate: flag("ENDPOINT_ALLOW_PRIVATE"),
    workerConcurrency: integer("WORKER_CONCURRENCY", 64, 1, 10_000),
    corsOrigins: readOrigins(text("CORS_ORIGINS"), problems),
    metricsToken: text("METRICS_TOKEN"),
    workerPort: text("WORKER_PORT") === null ? null : integer("WORKER_PORT", 0, 0, 65_535),
    traces: readTraces(text, problems),
    playground: flag("PLAYGROUND") ?? !production,
    introspection: flag("INTROSPECTION") ?? !production,
    logLevel: readLogLevel(text("LOG_LEVEL"), problems),
    model: readModel({ baseUrl: text("MODEL_BASE_URL"), validBaseUrl: url("MODEL_BASE_URL", ["http:", "https:"]), name: text("MODEL_NAME"), apiKey: text("MODEL_API_KEY") }, problems),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/** Settings of guards that are not built. Whoever sets one counts on being guarded: a gateway that took no notice would be a trap. */
const UNBUILT: Readonly<Record<string, string>> = {
  OIDC_ISSUER: "single sign-on is not built; only tokens that createApiToken makes let anyone in",
  OIDC_AUDIENCE: "single sign-on is not built; only tokens that createApiToken makes let anyone in",
  PERSISTED_OPERATIONS: "trusted operations are not built; every operation within the limits is run",
};

function refuseUnbuilt(text: (name: string) => string | null, problems: string[]): void {
  for (const [name, state] of Object.entries(UNBUILT)) if (text(name) !== null) problems.push(`${name} would guard nothing: ${state}. Take it away.`);
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
  const key = parseKey(value);
  if (key === null) problems.push("SECRET_KEY must be 32 bytes in base64, such as `openssl rand -base64 32` prints.");
  return key;
}

function readPreviousKeys(value: string | null, problems: string[]): readonly Buffer[] {
  const keys = (value ?? "").split(",").map((key) => key.trim()).filter((key) => key !== "").map(parseKey);
  if (keys.includes(null)) problems.push("SECRET_KEY_PREVIOUS must list keys of 32 bytes in base64, with commas between them.");
  return keys.filter((key) => key !== null);
}

function parseKey(value: string): Buffer | null {
  const key = Buffer.from(value, "base64");
  return key.length === 32 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(value) ? key : null;
}

/** By OpenTelemetry's standard variables. */
function readTraces(text: (name: string) => string | null, problems: string[]): TraceSettings | null {
  const endpoint = text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ?? text("OTEL_EXPORTER_OTLP_ENDPOINT");
  const exporter = text("OTEL_TRACES_EXPORTER") ?? "otlp";
  if (endpoint === null || exporter === "none" || text("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return null;
  if (!URL.canParse(endpoint)) problems.push("OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as http://127.0.0.1:4318.");
  if (exporter !== "otlp") problems.push(`OTEL_TRACES_EXPORTER must be otlp or none; it is "${exporter}".`);
  const protocol = text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? text("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/json";
  if (!["http/json", "http/protobuf"].includes(protocol)) problems.push(`OTEL_EXPORTER_OTLP_PROTOCOL must be http/json: traces are sent by OTLP over HTTP; it is "${protocol}".`);
  const sampler = text("OTEL_TRACES_SAMPLER");
  if (sampler !== null && !SAMPLERS.includes(sampler)) problems.push(`OTEL_TRACES_SAMPLER must be one of ${SAMPLERS.join(", ")}; it is "${sampler}".`);
  const argument = text("OTEL_TRACES_SAMPLER_ARG");
  const ratio = argument === null ? null : Number(argument);
  if (ratio !== null && sampler?.endsWith("traceidratio") === true && !(ratio >= 0 && ratio <= 1)) problems.push(`OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1; it is "${argument ?? ""}".`);
  return { sampler, samplerArgument: ratio };
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
