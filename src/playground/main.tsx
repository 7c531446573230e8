import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./playground.css";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { type ReactNode, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { EXAMPLES } from "./examples.js";
import { createFetcher } from "./fetcher.js";
import { type Opening, takeFragment } from "./fragment.js";
import { TokenBar } from "./token-bar.js";

/** For this tab alone, and gone with it. */
const TOKEN_KEY = "assay:token";
const PLUGINS = [HISTORY_PLUGIN];

/** The tabs of a first visit: what the link asked for in front of the examples. */
function tabsFor({ query, variables }: Opening): { query: string; variables: string | null }[] {
  const examples = EXAMPLES.map((example) => ({ query: example.query, variables: example.variables }));
  return query === null ? examples : [{ query, variables }, ...examples.filter((example) => example.query !== query)];
}

function Playground({ opening }: { readonly opening: Opening }): ReactNode {
  const [token, setToken] = useState(opening.token ?? sessionStorage.getItem(TOKEN_KEY) ?? "");
  const fetcher = useMemo(() => createFetcher(token), [token]);
  const keepToken = (next: string): void => {
    sessionStorage.setItem(TOKEN_KEY, next);
    setToken(next);
  };
  return (
    <>
      <TokenBar token={token} onToken={keepToken} />
      <GraphiQL
        fetcher={fetcher}
        plugins={PLUGINS}
        defaultTabs={tabsFor(opening)}
        defaultEditorToolsVisibility="variables"
        schemaDescription
        inputValueDeprecation
        {...(opening.query === null ? {} : { initialQuery: opening.query, initialVariables: opening.variables ?? "" })}
      >
        <GraphiQL.Logo>
          <span />
        </GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

// A link that differs from the open page only after the # does not load it again by itself.
addEventListener("hashchange", () => location.reload());
const opening = takeFragment(location, history);
if (opening.token !== null) sessionStorage.setItem(TOKEN_KEY, opening.token);
const container = document.getElementById("root");
if (container !== null) createRoot(container).render(<Playground opening={opening} />);
