import type { Exchange } from "./exchange.js";

/** A probe that hangs is as bad as one that fails. */
const PROBE_TIMEOUT_MS = 2_000;

/** Tells whether the process lives, and whether it can serve. */
export class Health {
  readonly #isReady: () => Promise<boolean>;
  readonly #draining: AbortSignal;

  constructor(deps: { isReady: () => Promise<boolean>; draining: AbortSignal }) {
    this.#isReady = deps.isReady;
    this.#draining = deps.draining;
  }

  /** GET /healthz */
  async alive(exchange: Exchange): Promise<void> {
    await exchange.send({ contentType: "application/json; charset=utf-8", body: JSON.stringify({ status: "alive" }) });
  }

  /** GET /readyz: 503 with the reason while requests would fail. */
  async ready(exchange: Exchange): Promise<void> {
    const reason = await this.#whyNot();
    await exchange.send({
      status: reason === null ? 200 : 503,
      headers: reason === null ? {} : { "retry-after": "1" },
      contentType: "application/json; charset=utf-8",
      body: JSON.stringify(reason === null ? { status: "ready" } : { status: "unavailable", reason }),
    });
  }

  async #whyNot(): Promise<string | null> {
    if (this.#draining.aborted) return "the gateway is shutting down";
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS)));
    try {
      return (await Promise.race([this.#isReady(), late])) ? null : "the database cannot be reached or is not migrated yet";
    } catch {
      return "the database cannot be reached"; // whoever owns the connection logs why
    } finally {
      clearTimeout(timer);
    }
  }
}
