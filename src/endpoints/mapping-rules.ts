import type { Problem } from "../errors.js";
import type { Credentials, EndpointShape } from "./endpoint.js";
import { jsonPathProblem } from "./json-path.js";
import { mappingProblems, placeholdersIn } from "./request-mapping.js";
import { RESPONSE_NAMES, WEBSOCKET_NAMES } from "./response-mapping.js";

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** These belong to the connection: set by hand, they break the request or smuggle another. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set(["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);
const MAX_MAPPING_BYTES = 100_000;
const MAX_SILENCE_MS = 60_000;

/** What is wrong with the headers. Never repeats a value. */
export function headerProblems({ requestHeaders, auth }: EndpointShape, credentials: Credentials): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const taken = auth.type === "NONE" ? null : auth.type === "API_KEY" ? auth.headerName.toLowerCase() : "authorization";
  for (const [name, shown] of Object.entries(requestHeaders)) {
    const lower = name.toLowerCase();
    const problem = (message: string): number => problems.push({ field: `input.requestHeaders.${name}`, message });
    if (!HEADER_NAME.test(name)) problem("It is not a header's name.");
    if (CONNECTION_HEADERS.has(lower)) problem(`${name} belongs to the connection and cannot be set.`);
    if (lower === taken) problem(`auth sets ${name} already. Give it in one place only.`);
    if (seen.has(lower)) problem(`${name} is there twice, in different cases.`);
    seen.add(lower);
     
    if (/[^\t\x20-\x7e\x80-\xff]/.test(credentials.headers[name] ?? shown)) problem("The value may not have line breaks or characters beyond Latin-1.");
  }
  return problems;
}

/** What is wrong with the request mapping, for the connection type and method. */
export function requestProblems(shape: EndpointShape): Problem[] {
  const { connectionType, method, requestMapping, queryParams, requestHeaders } = shape;
  const field = "input.requestMapping";
  const problems: Problem[] = [];
  if (requestMapping !== null) {
    if (JSON.stringify(requestMapping).length > MAX_MAPPING_BYTES) return [{ field, message: `A mapping has at most ${MAX_MAPPING_BYTES} characters as JSON.` }];
    problems.push(...mappingProblems(requestMapping, field));
  }
  const isObject = typeof requestMapping === "object" && requestMapping !== null && !Array.isArray(requestMapping);
  if (connectionType === "OPENAI_CHAT") {
    if (method !== "POST") problems.push({ field: "input.method", message: "OPENAI_CHAT is always POST." });
    if (requestMapping !== null && !isObject) problems.push({ field, message: "The mapping of OPENAI_CHAT must be an object that is laid over { messages }, such as { \"model\": \"gpt-4o-mini\" }." });
  }
  if (connectionType === "REST" && method === "GET") {
    if (requestMapping !== null) problems.push({ field, message: "GET has no body. Put the variables into queryParams." });
    else if (placeholdersIn([queryParams, requestHeaders]).length === 0) problems.push({ field: "input.queryParams", message: "GET has no body, and no query parameter names a variable, so no input would reach the endpoint. Give one, such as { \"q\": \"{{ input }}\" }." });
  }
  if (connectionType === "REST" && isForm(requestHeaders) && requestMapping !== null && !isObject) problems.push({ field, message: "The mapping of a form must be an object: its keys are the fields." });
  return problems;
}

function isForm(headers: EndpointShape["requestHeaders"]): boolean {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  return /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type);
}

/** What is wrong with the response mapping. */
export function responseProblems({ connectionType, responseMapping }: EndpointShape): Problem[] {
  const known: readonly string[] = connectionType === "WEBSOCKET" ? [...RESPONSE_NAMES, ...WEBSOCKET_NAMES] : RESPONSE_NAMES;
  const problems: Problem[] = [];
  if (responseMapping["output"] === undefined) problems.push({ field: "input.responseMapping.output", message: "output is needed: the JSONPath of the answer's text, such as $.output, or $ for all of a plain text." });
  for (const [name, path] of Object.entries(responseMapping) as [string, unknown][]) {
    const field = `input.responseMapping.${name}`;
    if (!known.includes(name)) problems.push({ field, message: `There is no "${name}" in a response mapping. The names are ${known.join(", ")}.` });
    else if (name === "silence_ms") {
      if (!Number.isInteger(path) || Number(path) < 1 || Number(path) > MAX_SILENCE_MS) problems.push({ field, message: `silence_ms must be a whole number of milliseconds from 1 to ${MAX_SILENCE_MS}.` });
    } else {
      const isText = name === "end" && typeof path === "string" && path !== "" && !path.startsWith("$");
      const message = isText ? null : typeof path === "string" ? jsonPathProblem(path) : "It must be a JSONPath, as a text.";
      if (message !== null) problems.push({ field, message });
    }
  }
  return problems;
}
