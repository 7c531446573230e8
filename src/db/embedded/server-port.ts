import { createServer } from "node:net";
import { randomInt } from "node:crypto";

/**
 * Below the range systems hand out for outgoing connections (Linux from 32768): a port in that range may be taken by
 * any client while the server is down, even by one of ours, connecting to itself in the attempt to reconnect.
 */
const lowestPort = 20_000;
const highestPort = 32_000;

/** The preferred port if nobody has it, else a free one. It may be taken again before the server binds it. */
export async function findFreePort(preferred: number | null): Promise<number> {
  if (preferred !== null && await isFree(preferred)) return preferred;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowestPort, highestPort);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port between ${lowestPort} and ${highestPort} on 127.0.0.1.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => { resolve(false); });
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      probe.close(() => { resolve(true); });
    });
  });
}
