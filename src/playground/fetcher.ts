import type { GraphiQLProps } from "graphiql";
import { type DocumentNode, type ExecutionResult, Kind, OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";

type Fetcher = NonNullable<GraphiQLProps["fetcher"]>;
type Operation = Parameters<Fetcher>[0];
type Headers = Readonly<Record<string, string>>;

/**
 * How the explorer reaches the gateway: queries and mutations over HTTP, subscriptions over a WebSocket of their own.
 * Both carry the token, and the Headers tab's headers over it: in HTTP as headers, in the socket as connection_init.
 */
export function createFetcher(token: string): Fetcher {
  return (operation, options) => {
    const headers = mergedHeaders(token, options?.headers);
    return isSubscription(options?.documentAST, operation.operationName) ? subscribe(operation, headers) : send(operation, headers);
  };
}

/** Names in lower case, so that the Headers tab replaces the token however it is written there. */
function mergedHeaders(token: string, given: unknown): Headers {
  const headers: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
  if (typeof given === "object" && given !== null) for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = String(value);
  return headers;
}

function isSubscription(document: DocumentNode | undefined, name: string | null | undefined): boolean {
  const operations = document?.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION) ?? [];
  const chosen = operations.find((operation) => operation.name?.value === name) ?? operations[0];
  return chosen?.operation === OperationTypeNode.SUBSCRIPTION;
}

async function send(operation: Operation, headers: Headers): Promise<ExecutionResult> {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json, application/json;q=0.9", ...headers },
    body: JSON.stringify(operation),
  });
  return (await response.json()) as ExecutionResult; // the gateway answers nothing else
}

async function* subscribe(operation: Operation, headers: Headers): AsyncGenerator<ExecutionResult> {
  const client = createClient({ url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/graphql`, connectionParams: { ...headers } });
  try {
    yield* client.iterate(operation) as AsyncIterable<ExecutionResult>; // the client's own type allows undefined fields
  } catch (error) {
    throw error instanceof CloseEvent ? new Error(`The socket was closed: ${error.code} ${error.reason}`.trim()) : error;
  } finally {
    await client.dispose();
  }
}
