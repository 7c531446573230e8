import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** A way to a database that can be cut, as when the server is restarted: the database itself stays up for the other tests. */
export interface DatabaseProxy {
  /** The database's URL by way of the proxy. */
  readonly url: string;
  /** Breaks every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Breaks every connection, but takes new ones. */
  breakConnections(): void;
  /** Takes connections again, at the same address. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on a free port, in front of the database of the URL. */
export async function startDatabaseProxy(url: string): Promise<DatabaseProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const breakConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const join = (client: Socket): void => {
    const upstream = connect(Number(target.port === "" ? 5432 : target.port), target.hostname);
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on("error", () => undefined); // a broken connection is what this is for
    }
    client.pipe(upstream).pipe(client);
  };
  let server: Server | null = null;
  const listen = async (port: number): Promise<number> => {
    const opened = createServer(join);
    await new Promise<void>((resolve) => opened.listen(port, "127.0.0.1", resolve));
    server = opened;
    return (opened.address() as AddressInfo).port;
  };
  const cut = async (): Promise<void> => {
    const closing = server;
    server = null;
    breakConnections();
    await new Promise<void>((resolve) => (closing === null ? resolve() : closing.close(() => resolve())));
  };
  const port = await listen(0);
  const proxied = new URL(url);
  proxied.hostname = "127.0.0.1";
  proxied.port = String(port);
  return { url: proxied.href, cut, breakConnections, restore: async () => void (await listen(port)), close: cut };
}
