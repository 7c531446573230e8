import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createClient, type Client } from "graphql-ws";
import { WebSocket } from "ws";
import { AUTHORIZED, type SampleGateway } from "./sample-gateway.js";

export interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: any;
}

/** A socket that speaks the protocol message by message. */
export class SampleSocket {
  readonly messages: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(readonly socket: WebSocket) {
    socket.on("message", (data: Buffer) => void this.messages.push(JSON.parse(data.toString()) as Message));
    socket.on("error", () => undefined); // shows as its close
    this.closed = new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: String(reason) })));
  }

  /** Opens the socket without a connection_init. */
  static async open(gateway: SampleGateway, options: { headers?: Record<string, string>; autoPong?: boolean } = {}): Promise<SampleSocket> {
    const opened = new SampleSocket(new WebSocket(gateway.url.replace("http", "ws"), "graphql-transport-ws", options));
    await once(opened.socket, "open");
    return opened;
  }

  /** Opens it with a valid token. */
  static async connect(gateway: SampleGateway, options: { token?: string; autoPong?: boolean } = {}): Promise<SampleSocket> {
    const opened = await SampleSocket.open(gateway, options);
    opened.send({ type: "connection_init", payload: { authorization: `Bearer ${options.token ?? "valid-token"}` } });
    await opened.until((message) => message.type === "connection_ack");
    return opened;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables?: Record<string, unknown>): void {
    this.send({ id, type: "subscribe", payload: { query, variables } });
  }

  /** The first message so far or yet to come that fits. */
  async until(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      await once(this.socket, "message");
    }
  }
}

/** The status with which an upgrade was refused. */
export function refusedUpgrade(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, "graphql-transport-ws", { headers });
    socket.once("unexpected-response", (_request, response: IncomingMessage) => resolve(response.statusCode));
    socket.once("open", () => reject(new Error("the socket was opened")));
    socket.on("error", () => undefined);
  });
}

/** The client that frontends use. */
export function frontendClient(gateway: SampleGateway): Client {
  return createClient({ url: gateway.url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: AUTHORIZED, retryAttempts: 0 });
}

/** Everything that an operation answers. */
export async function answersOf(client: Client, query: string): Promise<any[]> {
  const answers: any[] = [];
  for await (const answer of client.iterate({ query })) answers.push(answer);
  return answers;
}
