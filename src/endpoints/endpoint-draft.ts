import { BadUserInputError, assertNoProblems, type Problem } from "../errors.js";
import { type Credentials, DEFAULT_LIMITS, type Endpoint, type EndpointLimits, type EndpointShape, NO_CREDENTIALS } from "./endpoint.js";
import { mergeAuth, NO_AUTH, type SplitAuth } from "./endpoint-auth.js";
import type { CreateEndpointArgs, EndpointSettingsInput, UpdateEndpointArgs } from "./endpoint-input.js";
import { type UrlProblem, urlProblems } from "./endpoint-url.js";
import { limitProblems, mergeLimits } from "./limits.js";
import { headerProblems, requestProblems, responseProblems } from "./mapping-rules.js";
import { storableJson } from "../db/index.js";
import { defaultResponseMapping } from "./response-mapping.js";
import { NO_VALUES, splitSecrets, type SplitValues } from "./secret-values.js";

/** An endpoint as it shall be stored. */
export interface EndpointDraft {
  readonly name: string;
  readonly description: string | null;
  readonly shape: EndpointShape;
  readonly credentials: Credentials;
  readonly limits: EndpointLimits;
}

const MAX_NAME = 255;
const SCHEMES = { REST: ["http:", "https:"], OPENAI_CHAT: ["http:", "https:"], WEBSOCKET: ["ws:", "wss:"] } as const;

/** The endpoint that the input asks for. BAD_USER_INPUT with all problems; reason BLOCKED_ADDRESS when an address is one. */
export function draftOf(args: CreateEndpointArgs, allowPrivate: boolean): EndpointDraft {
  const { name, description, url, method, connectionType } = args;
  const base: EndpointDraft = {
    name,
    description: description ?? null,
    shape: { connectionType, url, method, requestHeaders: {}, queryParams: {}, requestMapping: null, responseMapping: defaultResponseMapping(connectionType), auth: { type: "NONE" } },
    credentials: NO_CREDENTIALS,
    limits: DEFAULT_LIMITS,
  };
  return checked(overlay(base, args, allowPrivate), allowPrivate);
}

/** The endpoint with the changes: absent keeps, null clears or is the default, limits merge, *** keeps a secret. Fails as `draftOf`. */
export function changedDraft(present: Endpoint, credentials: Credentials, args: UpdateEndpointArgs, allowPrivate: boolean): EndpointDraft {
  const problems: Problem[] = [];
  if (args.name === null) problems.push({ field: "input.name", message: "An endpoint needs a name; it cannot be cleared." });
  if (args.url === null) problems.push({ field: "input.url", message: "An endpoint needs a url; it cannot be cleared." });
  const base: EndpointDraft = {
    name: args.name ?? present.name,
    description: args.description === undefined ? present.description : args.description,
    shape: { ...present, url: args.url ?? present.url, method: args.method === null ? "POST" : (args.method ?? present.method) },
    credentials,
    limits: present.limits,
  };
  const { draft, problems: others } = overlay(base, args, allowPrivate);
  return checked({ draft, problems: [...problems, ...others] }, allowPrivate);
}

interface Overlaid {
  readonly draft: EndpointDraft;
  readonly problems: readonly UrlProblem[];
}

function overlay(base: EndpointDraft, input: EndpointSettingsInput, allowPrivate: boolean): Overlaid {
  const { shape, credentials } = base;
  const headers = splitValues(input.requestHeaders, { shown: shape.requestHeaders, secrets: credentials.headers }, { field: "input.requestHeaders", ignoreCase: true });
  const query = splitValues(input.queryParams, { shown: shape.queryParams, secrets: credentials.queryParams }, { field: "input.queryParams", ignoreCase: false });
  const auth = splitAuth(input, { auth: shape.auth, secret: credentials.auth }, allowPrivate);
  return {
    draft: {
      ...base,
      name: base.name.trim(),
      shape: {
        connectionType: shape.connectionType,
        url: shape.url,
        method: shape.method,
        requestHeaders: headers.shown,
        queryParams: query.shown,
        requestMapping: input.requestMapping === undefined ? shape.requestMapping : input.requestMapping,
        responseMapping: responseMappingOf(input, shape),
        auth: auth.auth,
      },
      credentials: { auth: auth.secret, headers: headers.secrets, queryParams: query.secrets },
      limits: mergeLimits(base.limits, input.limits),
    },
    problems: [...headers.problems, ...query.problems, ...auth.problems],
  };
}

function responseMappingOf(input: EndpointSettingsInput, shape: EndpointShape): EndpointShape["responseMapping"] {
  if (input.responseMapping === undefined) return shape.responseMapping;
  return (input.responseMapping ?? defaultResponseMapping(shape.connectionType)) as EndpointShape["responseMapping"]; // responseProblems refuses any other value
}

function splitValues(given: Readonly<Record<string, unknown>> | null | undefined, present: SplitValues, args: { field: string; ignoreCase: boolean }): SplitValues & { problems: readonly Problem[] } {
  if (given === undefined) return { ...present, problems: [] };
  return given === null ? { ...NO_VALUES, problems: [] } : splitSecrets(given, present, args);
}

function splitAuth(input: EndpointSettingsInput, present: SplitAuth, allowPrivate: boolean): SplitAuth & { problems: readonly Problem[] } {
  if (input.auth === undefined) return { ...present, problems: [] };
  return input.auth === null ? { ...NO_AUTH, problems: [] } : mergeAuth(input.auth, present, { field: "input.auth", allowPrivate });
}

function checked({ draft, problems }: Overlaid, allowPrivate: boolean): EndpointDraft {
  const { shape, limits, name } = draft;
  const all: UrlProblem[] = [...problems];
  if (name === "" || name.length > MAX_NAME) all.push({ field: "input.name", message: `A name has 1 to ${MAX_NAME} characters and is not blank.` });
  all.push(...urlProblems(shape.url, { field: "input.url", schemes: SCHEMES[shape.connectionType], allowPrivate }));
  if (storableJson(draft) !== JSON.stringify(draft)) all.push({ field: "input", message: "Text may not hold the character U+0000 or half of a surrogate pair: the database cannot store it." });
  all.push(...headerProblems(shape, draft.credentials), ...requestProblems(shape), ...responseProblems(shape), ...limitProblems(limits, "input.limits"));
  const blocked = all.find((problem) => problem.isBlocked);
  if (blocked !== undefined) throw new BadUserInputError(`${blocked.field}: ${blocked.message}`, all.map(({ field, message }) => ({ field, message })), "BLOCKED_ADDRESS");
  assertNoProblems(all);
  return draft;
}
