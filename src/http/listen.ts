import type { Server } from "node:http";
import { isIPv6 } from "node:net";

/** The gateway cannot listen where it was told to. Its message names host, port and the next step. */
export abstract class ListenError extends Error {
  constructor(
    readonly host: string,
    readonly port: number,
    message: string,
    cause: unknown,
  ) {
    super(message, { cause });
    this.name = new.target.name;
  }
}

/** Another process listens there already. */
export class PortInUseError extends ListenError {
  constructor(host: string, port: number, cause: unknown) {
    super(host, port, `Port ${port} on ${host} is in use by another process. Stop that process, or set PORT to another port (PORT=0 picks a free one).`, cause);
  }
}

/** The host is no address of this machine. */
export class HostUnusableError extends ListenError {
  constructor(host: string, port: number, cause: unknown) {
    super(host, port, `HOST ${host} is not an address of this machine, so port ${port} cannot be opened there. Set HOST to 127.0.0.1 for this machine alone, or to 0.0.0.0 for all its addresses.`, cause);
  }
}

/** The process may not use the port. */
export class PortForbiddenError extends ListenError {
  constructor(host: string, port: number, cause: unknown) {
    super(host, port, `This user may not open port ${port} on ${host}. Set PORT to one from 1024 up.`, cause);
  }
}

const ERROR_BY_CODE: Readonly<Record<string, new (host: string, port: number, cause: unknown) => ListenError>> = {
  EADDRINUSE: PortInUseError,
  EADDRNOTAVAIL: HostUnusableError,
  ENOTFOUND: HostUnusableError,
  EAI_AGAIN: HostUnusableError,
  EINVAL: HostUnusableError,
  EACCES: PortForbiddenError,
};

/** Listens, and answers the port. Throws a ListenError that says what to do. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const Known = ERROR_BY_CODE[error.code ?? ""];
      reject(Known === undefined ? error : new Known(host, port, error));
    };
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : port);
    });
  });
}

/** The address of the GraphQL endpoint, IPv6 addresses in brackets. */
export function graphqlUrl(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}/graphql`;
}
