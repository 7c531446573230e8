import { createHash, timingSafeEqual } from "node:crypto";
import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** What of a request decides whether it may read the metrics. */
export interface MetricsRequest {
  readonly authorization: string | undefined;
  readonly remoteAddress: string | null;
  /** Whether it came through a proxy, by its headers: a proxy on this machine would pass on anybody's request. */
  readonly isForwarded: boolean;
}

/** With a token: whoever brings it as a bearer. Without one: who asks from this machine itself. */
export function mayReadMetrics(token: string | null, request: MetricsRequest): boolean {
  if (token !== null) return isSame(/^Bearer +(\S+)$/i.exec(request.authorization ?? "")?.[1] ?? "", token);
  return !request.isForwarded && isLoopback(request.remoteAddress ?? "");
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  const family = isIP(plain);
  return family !== 0 && loopback.check(plain, family === 6 ? "ipv6" : "ipv4");
}

/** In a time that says nothing of where they differ. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
