import { EXAMPLES } from "./examples.js";

/** What the address asked the playground to open with. */
export interface Opening {
  readonly token: string | null;
  readonly query: string | null;
  readonly variables: string | null;
}

/** What is needed of the page's `location`. */
export interface PageAddress {
  readonly hash: string;
  readonly pathname: string;
  readonly search: string;
}

/** What is needed of the page's `history`. */
export interface PageHistory {
  replaceState(state: null, unused: string, url: string): void;
}

/**
 * Reads what a link brought in the URL's fragment, which browsers never send to a server, and removes it from the
 * address bar and the history entry, so that it is neither shared nor reloaded:
 *
 *     /playground#token=SECRET
 *     /playground#token=SECRET&operation=RunStatus&variables={"runId":"…"}
 *     /playground#token=SECRET&query=subscription%20…
 *
 * - `token`: the secret; it goes into the token field and this tab's session storage.
 * - `operation`: the name of one of the example operations, opened in front.
 * - `query`: any document instead, URL-encoded.
 * - `variables`: their JSON, URL-encoded, for either.
 */
export function takeFragment(location: PageAddress, history: PageHistory): Opening {
  const parameters = new URLSearchParams(location.hash.slice(1));
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  const example = EXAMPLES.find(({ name }) => name === parameters.get("operation"));
  const query = parameters.get("query") ?? example?.query ?? null;
  return { token: parameters.get("token"), query, variables: query === null ? null : (parameters.get("variables") ?? example?.variables ?? null) };
}
