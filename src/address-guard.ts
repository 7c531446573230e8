import { BlockList, connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { Agent, buildConnector, type Dispatcher, fetch as undiciFetch } from "undici";

/**
 * Addresses that are not on the public internet: this host, private and link-local networks, shared and reserved
 * ranges, multicast, and the IPv6 forms that lead to them.
 */
const PRIVATE_RANGES: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["224.0.0.0", 4, "ipv4"],
  ["240.0.0.0", 4, "ipv4"],
  ["::", 128, "ipv6"],
  ["::1", 128, "ipv6"],
  ["64:ff9b::", 96, "ipv6"], // NAT64: leads to any IPv4 address
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"], // 6to4: the same
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];

/** Made once: net.connect checks it against the address that a name resolved to. IPv4-mapped IPv6 counts as IPv4. */
const privateAddresses: BlockList = makeBlockList();

function makeBlockList(): BlockList {
  const list = new BlockList();
  for (const [network, prefix, family] of PRIVATE_RANGES) list.addSubnet(network, prefix, family);
  return list;
}

/** What code of the connection error a refused address has. */
export const BLOCKED_ADDRESS_CODE = "ERR_IP_BLOCKED";

/**
 * Whether the URL's host is, as it is written, a private address or a name that always means this host. Other names
 * are judged only when a connection is made, as what they resolve to may change.
 */
export function isPrivateLiteral(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase(); // the URL parser has made 0x7f.1 and the like canonical
  const family = isIP(host);
  if (family === 0) return host === "localhost" || host.endsWith(".localhost");
  return privateAddresses.check(host, family === 4 ? "ipv4" : "ipv6");
}

/** An aborted call leaves its connecting socket to this timeout: without one it would stay for the system's two minutes. */
const CONNECT_TIMEOUT_MS = 30_000;

/** How this process reaches what users name: endpoints, models and remote metrics. */
export interface Outbound {
  readonly allowPrivate: boolean;
  /** For undici's `request`: refuses private addresses after the name was resolved, unless they are allowed. Follows no redirect. */
  readonly dispatcher: Dispatcher;
  /** `fetch` over the same dispatcher, for libraries that take one. A redirect is an error, as it could lead anywhere. */
  readonly fetch: typeof globalThis.fetch;
  /** Ends idle connections and waits for the calls in flight. */
  close(): Promise<void>;
}

/**
 * Opens the way out. Connections of an origin are not bounded here: callers bound their calls, and a second bound
 * would be waiting that counts as latency.
 */
export function createOutbound(options: { readonly allowPrivate: boolean }): Outbound {
  const dispatcher = new Agent({
    connections: null,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    headersTimeout: 0, // callers bound the whole call by a signal
    bodyTimeout: 0,
    connect: options.allowPrivate ? openConnector() : guardedConnector(),
  });
  return {
    allowPrivate: options.allowPrivate,
    dispatcher,
    // undici's types and the global ones describe the same interface apart; at run time it is one.
    fetch: ((input: Parameters<typeof undiciFetch>[0], init?: Parameters<typeof undiciFetch>[1]) => undiciFetch(input, { redirect: "error", ...init, dispatcher })) as unknown as typeof globalThis.fetch,
    close: () => dispatcher.close(),
  };
}

/** HTTP/1.1 alone: one call a connection, so that a cut connection is one call's failure. */
function openConnector(): buildConnector.connector {
  return buildConnector({ allowH2: false, timeout: CONNECT_TIMEOUT_MS });
}

/**
 * Node checks a BlockList in net.connect only: tls.connect drops it without a word. So a TLS connection is made over a
 * TCP connection that was checked.
 */
function guardedConnector(): buildConnector.connector {
  const connectPlain = buildConnector({ blockList: privateAddresses, timeout: CONNECT_TIMEOUT_MS });
  const upgrade = openConnector();
  return (target, callback) => {
    if (target.protocol !== "https:") return connectPlain(target, callback);
    const { servername: _servername, ...plain } = target; // of TLS only
    connectPlain({ ...plain, protocol: "http:", port: target.port === "" ? "443" : target.port }, (error, httpSocket) => {
      if (error !== null) callback(error, null);
      else upgrade({ ...target, httpSocket }, callback);
    });
  };
}

/** A TCP connection that refuses private addresses after the name was resolved: for clients that take a `createConnection`. */
export function connectGuarded(options: TcpNetConnectOpts): Socket {
  // A request's path among the options would be taken for that of a local socket.
  return connectTcp({ ...options, path: undefined, blockList: privateAddresses } as TcpNetConnectOpts);
}

/** The same with TLS. */
export function connectGuardedTls(options: ConnectionOptions & TcpNetConnectOpts): TLSSocket {
  const { host = "localhost", port } = options;
  const socket = connectGuarded({ host, port });
  const secure = connectTls({ ...options, path: undefined, socket, servername: options.servername ?? (isIP(host) === 0 ? host : "") });
  // A socket that TLS stands on tells it only that it closed, not why.
  socket.once("error", (error) => secure.destroy(error));
  return secure;
}
