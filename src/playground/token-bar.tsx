import { type ReactNode, useEffect, useState } from "react";

const WHO_AM_I = "query WhoAmI { viewer { user { name } organization { name } role } }";

interface WhoAmI {
  readonly data?: { readonly viewer: { readonly user: { readonly name: string }; readonly organization: { readonly name: string }; readonly role: string } } | null;
  readonly errors?: readonly { readonly message: string }[];
}

/** The bar above the explorer: the token, hidden as passwords are, and whose it is. */
export function TokenBar({ token, onToken }: { readonly token: string; readonly onToken: (token: string) => void }): ReactNode {
  const [draft, setDraft] = useState(token);
  const owner = useOwner(token);
  return (
    <form
      className="token-bar"
      onSubmit={(event) => {
        event.preventDefault();
        onToken(draft.trim());
      }}
    >
      <strong>Assay playground</strong>
      <label>
        Token <input type="password" autoComplete="off" spellCheck={false} placeholder="paste a token and press Enter" value={draft} onChange={(event) => setDraft(event.target.value)} onBlur={() => onToken(draft.trim())} />
      </label>
      <output>{owner}</output>
    </form>
  );
}

/** Whose token it is, or what is wrong with it. */
function useOwner(token: string): string {
  const [owner, setOwner] = useState("");
  useEffect(() => {
    const controller = new AbortController();
    if (token === "") setOwner("No token: every operation needs one.");
    else void describeOwner(token, controller.signal).then((text) => (controller.signal.aborted ? undefined : setOwner(text)));
    return () => controller.abort();
  }, [token]);
  return owner;
}

async function describeOwner(token: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch("/graphql", { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body: JSON.stringify({ query: WHO_AM_I }), signal });
    const { data, errors } = (await response.json()) as WhoAmI; // the gateway answers nothing else
    if (data == null) return errors?.[0]?.message ?? "The token could not be checked.";
    return `${data.viewer.user.name} of ${data.viewer.organization.name}, ${data.viewer.role}`;
  } catch {
    return "The gateway cannot be reached."; // shown; the next operation tells more
  }
}
