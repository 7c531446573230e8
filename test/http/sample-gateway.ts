import DataLoader from "dataloader";
import { UnauthenticatedError } from "../../src/errors.js";
import type { Context } from "../../src/graphql/context.js";
import { type GatewayServer, type ServerDeps, startGatewayServer } from "../../src/http/index.js";
import { createLogger } from "../../src/log.js";
import { Role, type Viewer } from "../../src/viewer.js";
import { sampleSchema, type Watched } from "./sample-schema.js";

/** Tokens by their secrets; tests take some away or let them end. */
export class SampleTokens {
  readonly viewers = new Map<string, Viewer>([["valid-token", viewer(Role.EDITOR, null)]]);
  isDatabaseDown = false;

  readonly authenticate = (secret: string): Promise<Viewer> => {
    if (this.isDatabaseDown) return Promise.reject(new Error("secret internals at 10.0.0.1"));
    const found = this.viewers.get(secret);
    if (found === undefined) return Promise.reject(new UnauthenticatedError("TOKEN_INVALID", "The token is unknown."));
    if (found.expiresAt !== null && found.expiresAt <= new Date()) return Promise.reject(new UnauthenticatedError("TOKEN_EXPIRED", "The token expired."));
    return Promise.resolve(found);
  };
}

export function viewer(role: Role, expiresAt: Date | null): Viewer {
  return { organizationId: "o", userId: "u", tokenId: "t", role, expiresAt };
}

export interface SampleGateway extends GatewayServer {
  readonly watched: Watched;
  readonly tokens: SampleTokens;
  readonly origin: string;
}

/** A server over the sample schema on a free port of loopback. */
export async function startSampleGateway(overrides: Partial<Omit<ServerDeps, "settings">> & { settings?: Partial<ServerDeps["settings"]> } = {}): Promise<SampleGateway> {
  const watched: Watched = { value: 0, openSources: 0, produced: 0, contexts: [], abortedSignals: 0, stuck: 0 };
  const tokens = new SampleTokens();
  const { settings, ...deps } = overrides;
  const server = await startGatewayServer({
    schema: sampleSchema(watched),
    authenticate: tokens.authenticate,
    createContext: ({ viewer: who, requestId, signal, remoteAddress, caching }) => ({
      viewer: who,
      loaders: { value: new DataLoader<string, number>((keys) => Promise.resolve(keys.map(() => watched.value)), { cache: caching }) } as unknown as Context["loaders"],
      watch: {} as Context["watch"],
      requestId,
      signal,
      remoteAddress,
    }),
    routes: [],
    isReady: () => Promise.resolve(true),
    settings: { host: "127.0.0.1", port: 0, corsOrigins: ["https://app.example.com"], playground: true, introspection: true, playgroundDir: null, ...settings },
    log: createLogger({ level: "silent", service: "test" }),
    ...deps,
  });
  return { ...server, watched, tokens, origin: new URL(server.url).origin };
}

/** Headers of a caller with a valid token. */
export const AUTHORIZED = { authorization: "Bearer valid-token" };

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; path?: unknown; extensions: Record<string, unknown> }[];
}

/** Posts an operation with a valid token. */
export async function post(gateway: GatewayServer, query: string, variables?: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Answered> {
  const response = await fetch(gateway.url, {
    method: "POST",
    headers: { ...AUTHORIZED, "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, ...((await response.json()) as object) };
}
