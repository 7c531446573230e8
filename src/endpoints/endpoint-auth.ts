import type { Problem } from "../errors.js";
import { type EndpointAuth, type EndpointAuthType, MASK } from "./endpoint.js";
import type { AuthInput } from "./endpoint-input.js";
import { urlProblems } from "./endpoint-url.js";

/** An authentication, apart: what may be shown, and its secret. */
export interface SplitAuth {
  readonly auth: EndpointAuth;
  readonly secret: string | null;
}

export const NO_AUTH: SplitAuth = { auth: { type: "NONE" }, secret: null };

const DEFAULT_KEY_HEADER = "X-API-Key";

/** Which input fields belong to a type; the first is its secret. */
const FIELDS: Record<EndpointAuthType, readonly (keyof AuthInput)[]> = {
  NONE: [],
  BEARER: ["token"],
  API_KEY: ["token", "headerName"],
  BASIC: ["password", "username"],
  CLIENT_CREDENTIALS: ["clientSecret", "clientId", "tokenUrl", "scopes", "audience"],
};
const NEEDED: ReadonlySet<string> = new Set(["token", "password", "username", "clientSecret", "clientId", "tokenUrl"]);
const OPTIONAL_TEXT = /^[\x20-\x7e]*$/;

/** The authentication after a change: of the same type, absent fields stay, and *** keeps the secret. Problems never repeat a secret. */
export function mergeAuth(input: AuthInput, present: SplitAuth, args: { field: string; allowPrivate: boolean }): SplitAuth & { readonly problems: readonly Problem[] } {
  const fields = FIELDS[input.type];
  const kept = present.auth.type === input.type ? knownFields(present) : {};
  const value = (name: keyof AuthInput): unknown => {
    const given = input[name];
    return given === undefined || given === MASK ? kept[name] : (given ?? undefined);
  };
  const problems = [
    ...foreignFields(input, fields).map((name) => ({ field: `${args.field}.${name}`, message: `${name} does not belong to ${input.type}.` })),
    ...fields.filter((name) => NEEDED.has(name) && isBlank(value(name))).map((name) => ({ field: `${args.field}.${name}`, message: `${name} is needed for ${input.type}.` })),
    ...valueProblems(fields, value, args),
  ];
  const secretName = fields[0];
  return { auth: toAuth(input.type, value), secret: secretName === undefined ? null : textOf(value(secretName)), problems };
}

function knownFields({ auth, secret }: SplitAuth): Partial<Record<keyof AuthInput, unknown>> {
  const secretName = FIELDS[auth.type][0];
  return { ...auth, ...(secretName === undefined ? {} : { [secretName]: secret }) };
}

function foreignFields(input: AuthInput, own: readonly (keyof AuthInput)[]): (keyof AuthInput)[] {
  const all = [...new Set(Object.values(FIELDS).flat())];
  return all.filter((name) => !own.includes(name) && input[name] != null);
}

function valueProblems(fields: readonly (keyof AuthInput)[], value: (name: keyof AuthInput) => unknown, args: { field: string; allowPrivate: boolean }): Problem[] {
  const problems: Problem[] = [];
  const tokenUrl = value("tokenUrl");
  if (fields.includes("tokenUrl") && typeof tokenUrl === "string" && tokenUrl !== "") problems.push(...urlProblems(tokenUrl, { field: `${args.field}.tokenUrl`, schemes: ["http:", "https:"], allowPrivate: args.allowPrivate }));
  const headerName = value("headerName");
  if (fields.includes("headerName") && typeof headerName === "string" && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(headerName)) problems.push({ field: `${args.field}.headerName`, message: "It is not a header's name, such as X-API-Key." });
  for (const name of ["token", "username"] as const) {
    const text = value(name);
    if (fields.includes(name) && typeof text === "string" && !OPTIONAL_TEXT.test(text)) problems.push({ field: `${args.field}.${name}`, message: `${name} may have printable ASCII characters only, as it goes into a header.` });
  }
  const username = value("username");
  if (fields.includes("username") && typeof username === "string" && username.includes(":")) problems.push({ field: `${args.field}.username`, message: "A user name of BASIC may not have a colon." });
  return problems;
}

function toAuth(type: EndpointAuthType, value: (name: keyof AuthInput) => unknown): EndpointAuth {
  switch (type) {
    case "NONE":
    case "BEARER":
      return { type };
    case "API_KEY":
      return { type, headerName: textOf(value("headerName")) ?? DEFAULT_KEY_HEADER };
    case "BASIC":
      return { type, username: textOf(value("username")) ?? "" };
    case "CLIENT_CREDENTIALS": {
      const scopes = value("scopes");
      return { type, clientId: textOf(value("clientId")) ?? "", tokenUrl: textOf(value("tokenUrl")) ?? "", scopes: Array.isArray(scopes) ? scopes.map(String) : [], audience: textOf(value("audience")) };
    }
    default:
      return type satisfies never;
  }
}

function isBlank(value: unknown): boolean {
  return typeof value !== "string" || value.trim() === "";
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
