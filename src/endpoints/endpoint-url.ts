import { isPrivateLiteral } from "../address-guard.js";
import type { Problem } from "../errors.js";
import { isSecretName } from "./secret-names.js";

const MAX_LENGTH = 2048;

/** Marks the problems whose reason is BLOCKED_ADDRESS. */
export interface UrlProblem extends Problem {
  readonly isBlocked?: true;
}

/** What is wrong with a URL that the gateway shall call. Messages do not repeat it, as it may hold a secret. */
export function urlProblems(text: string, args: { field: string; schemes: readonly string[]; allowPrivate: boolean }): UrlProblem[] {
  const { field, schemes } = args;
  const problem = (message: string): UrlProblem => ({ field, message });
  if (text.includes("{{")) return [problem("The url is no template. Put variables into queryParams, requestHeaders or requestMapping.")];
  if (text.length > MAX_LENGTH) return [problem(`A url has at most ${MAX_LENGTH} characters; this one has ${text.length}.`)];
  if (!URL.canParse(text) || !schemes.includes(new URL(text).protocol)) return [problem(`It must be a URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(" or ")}.`)];
  const url = new URL(text);
  const problems: UrlProblem[] = [];
  if (url.username !== "" || url.password !== "") problems.push(problem("A url may not hold a user name or password. Use auth of type BASIC, which is encrypted."));
  for (const name of new Set(url.searchParams.keys())) {
    if (isSecretName(name)) problems.push(problem(`The query parameter ${name} looks like a secret. Put it into queryParams, where it is encrypted.`));
  }
  if (!args.allowPrivate && isPrivateLiteral(url)) problems.push({ ...problem("It is on a private address. Set ENDPOINT_ALLOW_PRIVATE=true if endpoints may be there."), isBlocked: true });
  return problems;
}
