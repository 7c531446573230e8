import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

const MAX_BODY = 1_000_000;

/** A chatbot that listens. */
export interface Chatbot {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * ELIZA over HTTP on loopback: POST { "message": text } answers { "reply": text }. A chatbot that somebody else wrote,
 * in 1966 and 2005, and that knows no arithmetic: what a test run is for.
 */
export async function startChatbot(): Promise<Chatbot> {
  const { default: ElizaBot } = await import("elizabot").catch((error: unknown) => {
    throw new Error("The demo's chatbot comes with the development packages. Run `npm install` without --omit=dev.", { cause: error });
  });
  const server = createServer((request, response) => {
    readJson(request).then(
      (body) => {
        const message = (body as { message?: unknown } | null)?.message; // checked on the next line
        if (typeof message !== "string") return response.writeHead(400).end(JSON.stringify({ error: "message is missing" }));
        // A fresh bot for each message: nothing is remembered, so that every answer can be repeated.
        return response.setHeader("content-type", "application/json").end(JSON.stringify({ reply: new ElizaBot(true).transform(message) }));
      },
      () => response.writeHead(400).end(JSON.stringify({ error: "the body is no JSON" })),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/chat`, // it listens on a port, not a pipe
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error("too large");
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}
