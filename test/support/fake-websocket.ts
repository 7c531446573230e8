import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/** What the server does with a message: it sends by the socket, closes it, or breaks it. */
export type FakeConversation = (message: string, socket: WebSocket, request: IncomingMessage) => void;

/** A real WebSocket server on loopback whose answers a test decides. */
export interface FakeWebSocket {
  readonly url: string;
  /** All messages, with the handshake that each came over. */
  readonly messages: { readonly text: string; readonly request: IncomingMessage }[];
  /** Open sockets. */
  readonly open: () => number;
  converse(conversation: FakeConversation): void;
  /** Refuses handshakes with a status; null lets them in. */
  refuse(status: number | null): void;
  close(): Promise<void>;
}

export async function startFakeWebSocket(): Promise<FakeWebSocket> {
  let conversation: FakeConversation = (message, socket) => socket.send(`echo: ${message}`);
  let refusal: number | null = null;
  const messages: FakeWebSocket["messages"] = [];
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    verifyClient: (_info, decide) => (refusal === null ? decide(true) : decide(false, refusal, `refused, said with ${_info.req.headers.authorization ?? "nothing"}`, { "retry-after": "2" })),
  });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket, request) => {
    socket.on("error", () => undefined); // the caller may break it
    socket.on("message", (data: Buffer) => {
      messages.push({ text: data.toString("utf8"), request });
      conversation(data.toString("utf8"), socket, request);
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    open: () => server.clients.size,
    converse: (next) => (conversation = next),
    refuse: (status) => (refusal = status),
    close: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close(() => resolve());
      }),
  };
}
