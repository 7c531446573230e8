import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

/** Speaks to a gateway as any frontend does: GraphQL over HTTP, subscriptions over a WebSocket. */
export class GatewayClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** The data of an operation; throws with the first error's message. */
  async request<D>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<D> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.#token}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data?: D; errors?: readonly { message: string }[] }; // GraphQL over HTTP's shape
    if (errors?.[0] !== undefined) throw new Error(errors[0].message);
    if (data === undefined) throw new Error(`The gateway answered ${response.status} without data.`);
    return data;
  }

  /** Whether the token is good. */
  async isWelcome(): Promise<boolean> {
    return this.request("{ viewer { role } }").then(
      () => true,
      () => false,
    );
  }

  /** The events of a subscription until it completes. */
  async *subscribe<D>(query: string, variables: Readonly<Record<string, unknown>>): AsyncGenerator<D> {
    const client = createClient({ url: this.#url.replace(/^http/, "ws"), webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${this.#token}` }, retryAttempts: 0 });
    try {
      for await (const result of client.iterate<Record<string, unknown>>({ query, variables })) {
        if (result.errors?.[0] !== undefined) throw new Error(result.errors[0].message);
        if (result.data != null) yield result.data as D; // the operation's shape, as the caller says
      }
    } finally {
      await client.dispose();
    }
  }
}
