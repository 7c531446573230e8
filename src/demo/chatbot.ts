import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

const MAX_BODY = 1_000_000;
/** Conversations that are remembered; the one that was begun first is forgotten when another begins. */
const MAX_SESSIONS = 1_000;

/** A chatbot that listens. */
export interface Chatbot {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * ELIZA over HTTP on loopback: POST { "message": text, "session_id"?: id } answers { "reply": text, "session_id": id }.
 * A chatbot that somebody else wrote, in 1966 and 2005, and that knows no arithmetic: what a test run is for.
 */
export async function startChatbot(): Promise<Chatbot> {
  const { default: ElizaBot } = await import("elizabot").catch((error: unknown) => {
    throw new Error("The demo's chatbot comes with the development packages. Run `npm install` without --omit=dev.", { cause: error });
  });
  const sessions = new Sessions(() => new ElizaBot(true)); // no random choice: every answer can be repeated
  const server = createServer((request, response) => {
    readJson(request).then(
      (body) => {
        const { message, session_id: sessionId } = (body ?? {}) as { message?: unknown; session_id?: unknown }; // checked on the next line
        if (typeof message !== "string") return response.writeHead(400).end(JSON.stringify({ error: "message is missing" }));
        const session = sessions.find(sessionId);
        return response.setHeader("content-type", "application/json").end(JSON.stringify({ reply: session.bot.transform(message), session_id: session.id }));
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

interface Bot {
  transform(text: string): string;
}

/** The bots of the conversations that go on: each remembers what it was told. */
class Sessions {
  readonly #make: () => Bot;
  readonly #bots = new Map<string, Bot>();
  #count = 0;

  constructor(make: () => Bot) {
    this.#make = make;
  }

  /** The conversation of that id, or a new one where there is none. */
  find(id: unknown): { id: string; bot: Bot } {
    const known = typeof id === "string" ? this.#bots.get(id) : undefined;
    if (typeof id === "string" && known !== undefined) return { id, bot: known };
    this.#count += 1;
    const begun = { id: `s${this.#count}`, bot: this.#make() };
    this.#bots.set(begun.id, begun.bot);
    const [oldest] = this.#bots.keys();
    if (this.#bots.size > MAX_SESSIONS && oldest !== undefined) this.#bots.delete(oldest);
    return begun;
  }
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
