import { FormData } from "undici";
import type { TemplateValues } from "../templates.js";
import { jsonOrText } from "./answer-reading.js";
import { type CallTarget, CallErrorType } from "./call.js";
import { failure } from "./call-failure.js";
import { type EndpointAuth, MASK } from "./endpoint.js";
import type { HttpRequest } from "./http-exchange.js";
import { selectAll } from "./json-path.js";
import { chatBody, chatCompletionsUrl } from "./openai-chat.js";
import { basicCredentials } from "./redaction.js";
import { renderMapping, RequestMappingError, renderTexts } from "./request-mapping.js";
import type { WebSocketRequest } from "./websocket-exchange.js";

const DEFAULT_BODY = { input: "{{ input }}" };

/** Makes the request of a REST or OPENAI_CHAT call. `accessToken` is that of CLIENT_CREDENTIALS. Throws RequestMappingError, or a CallFailure for a secret that is gone. */
export function buildRequest(target: CallTarget, values: TemplateValues, options: { accessToken: string | null; idempotencyKey: string }): HttpRequest {
  const { version } = target;
  const headers = buildHeaders(target, values, options);
  const url = version.connectionType === "OPENAI_CHAT" ? chatCompletionsUrl(version.url) : new URL(version.url);
  appendQuery(url, target, values);
  if (version.connectionType === "OPENAI_CHAT") {
    return { url, method: "POST", headers: withDefaults(headers, { "content-type": "application/json" }), body: JSON.stringify(chatBody(version.requestMapping, values)) };
  }
  if (version.method === "GET") return { url, method: "GET", headers, body: null };
  const content = encodeBody(renderMapping(version.requestMapping ?? DEFAULT_BODY, values), headers);
  return { url, method: version.method, ...content };
}

/** What silence after a message ends an answer of a WEBSOCKET whose mapping says neither end nor silence_ms. */
const DEFAULT_SILENCE_MS = 1000;

/** Makes the exchange of a WEBSOCKET call. Throws as `buildRequest`. */
export function buildMessage(target: CallTarget, values: TemplateValues, options: { accessToken: string | null; idempotencyKey: string }): WebSocketRequest {
  const { responseMapping, requestMapping } = target.version;
  const url = new URL(target.version.url);
  appendQuery(url, target, values);
  const rendered = renderMapping(requestMapping ?? DEFAULT_BODY, values);
  const { accept: _accept, "accept-encoding": _encoding, ...headers } = buildHeaders(target, values, options); // those are of HTTP answers
  const { end, silence_ms: silence } = responseMapping;
  return {
    url,
    headers,
    message: typeof rendered === "string" ? rendered : JSON.stringify(rendered ?? null),
    endOf: typeof end === "string" ? (message) => endOf(message, end) : null,
    silenceMs: typeof silence === "number" ? silence : end === undefined ? DEFAULT_SILENCE_MS : null,
  };
}

/** How the message ends the answer: as a path that finds something other than null and false in it, or as a text that it is and that is no part of the answer. */
function endOf(message: string, end: string): "no" | "with it" | "before it" {
  if (!end.startsWith("$")) return message === end ? "before it" : "no";
  return selectAll(jsonOrText(message), end).some((value) => value !== null && value !== false) ? "with it" : "no";
}

/** The headers of a call: those of the endpoint filled in, its authentication, and ours where it has none of its own. */
export function buildHeaders(target: CallTarget, values: TemplateValues, options: { accessToken: string | null; idempotencyKey: string }): Record<string, string> {
  const own = renderTexts(unmask(target.version.requestHeaders, target.credentials.headers, "header"), values);
  const headers = { ...lowerCaseNames(own), ...authHeaders(target.version.auth, target.credentials.auth, options.accessToken) };
  for (const [name, value] of Object.entries(headers)) {
     
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new RequestMappingError(`The header ${name} cannot carry line breaks or characters beyond Latin-1. Put the value into the body instead.`);
  }
  return withDefaults(headers, {
    accept: "application/json, text/event-stream;q=0.9, */*;q=0.8",
    "accept-encoding": "identity",
    "user-agent": "assay-gateway",
    "idempotency-key": options.idempotencyKey,
  });
}

/** Adds the endpoint's query parameters, filled in, to the URL's own. */
export function appendQuery(url: URL, target: CallTarget, values: TemplateValues): void {
  const parameters = renderTexts(unmask(target.version.queryParams, target.credentials.queryParams, "query parameter"), values);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
}

/** The templates with their secrets in place of ***. */
function unmask(templates: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>, thing: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(templates).map(([name, template]) => {
      if (template !== MASK) return [name, template];
      // A header may have been written in another case since this version was made.
      const secret = Object.hasOwn(secrets, name) ? secrets[name] : Object.entries(secrets).find(([stored]) => stored.toLowerCase() === name.toLowerCase())?.[1];
      if (secret === undefined) throw failure(CallErrorType.AUTH, `The secret of the ${thing} ${name} is not stored any more, and this version of the endpoint needs it. Update the endpoint with the value.`);
      return [name, secret];
    }),
  );
}

function authHeaders(auth: EndpointAuth, secret: string | null, accessToken: string | null): Record<string, string> {
  if (auth.type === "NONE") return {};
  if (auth.type === "CLIENT_CREDENTIALS") return accessToken === null ? {} : { authorization: `Bearer ${accessToken}` };
  if (secret === null) throw failure(CallErrorType.AUTH, `The credentials of this version's ${auth.type} authentication are not stored any more. Update the endpoint's auth.`);
  if (auth.type === "BEARER") return { authorization: `Bearer ${secret}` };
  if (auth.type === "BASIC") return { authorization: `Basic ${basicCredentials(auth.username, secret)}` };
  return { [auth.headerName.toLowerCase()]: secret };
}

function encodeBody(rendered: unknown, headers: Record<string, string>): Pick<HttpRequest, "headers" | "body"> {
  const type = (headers["content-type"] ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-www-form-urlencoded") return { headers, body: new URLSearchParams(formFields(rendered)).toString() };
  if (type === "multipart/form-data") {
    const form = new FormData();
    for (const [name, value] of formFields(rendered)) form.append(name, value);
    const { "content-type": _type, ...others } = headers; // the boundary is made with the body
    return { headers: others, body: form };
  }
  if (type === "application/json" || type.endsWith("+json")) return { headers: withDefaults(headers, { "content-type": "application/json" }), body: rendered === undefined ? null : JSON.stringify(rendered) };
  return { headers, body: typeof rendered === "string" ? rendered : JSON.stringify(rendered ?? null) };
}

/** An object as form fields: a list repeats its field, null is left out, texts are as they are, all else is compact JSON. */
function formFields(rendered: unknown): [string, string][] {
  if (typeof rendered !== "object" || rendered === null || Array.isArray(rendered)) throw new RequestMappingError("The request mapping of a form must be an object: its keys are the fields.");
  return Object.entries(rendered).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).filter((item) => item !== null).map((item): [string, string] => [name, typeof item === "string" ? item : JSON.stringify(item)]),
  );
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function withDefaults(headers: Readonly<Record<string, string>>, defaults: Readonly<Record<string, string>>): Record<string, string> {
  return { ...defaults, ...headers };
}
