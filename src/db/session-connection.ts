import pg from "pg";

const RECONNECT_MS = 250;

/**
 * One direct connection that stays open, for what belongs to a session: advisory locks and LISTEN. It comes back by
 * itself when it breaks; what the session held is gone then, which `onLost` and `onConnected` tell.
 */
export class SessionConnection {
  readonly #options: pg.ClientConfig;
  readonly #connectedListeners = new Set<(client: pg.Client) => Promise<void>>();
  readonly #lostListeners = new Set<() => void>();
  #client: pg.Client | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  #opening: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: { url: string; applicationName: string }) {
    this.#options = {
      connectionString: options.url,
      application_name: options.applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      connectionTimeoutMillis: 10_000,
    };
  }

  /** Runs for the present connection and for each later one, before anyone else uses it. */
  onConnected(listener: (client: pg.Client) => Promise<void>): void {
    this.#connectedListeners.add(listener);
  }

  /** Runs when the connection breaks; answers how to stop being told. */
  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Whether the session is there now. */
  get isConnected(): boolean {
    return this.#client !== null;
  }

  /** Connects, unless it is connected; throws when the first attempt fails. Later breaks are mended in the background. */
  async open(): Promise<void> {
    if (this.#client !== null) return;
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  /** Runs a statement on the session, after those that were asked for before. Throws while it is not connected. */
  async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    const client = this.#client;
    if (client === null) throw new Error("The session's connection is not open right now.");
    const asked = this.#last.then(() => client.query<R>(text, [...values]));
    this.#last = asked.catch(() => undefined); // whoever asked gets the error
    return (await asked).rows;
  }

  /** Ends the session: its locks are free and nothing is heard any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined); // it is gone either way
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(this.#options);
    let isBroken = false;
    const lost = (): void => {
      isBroken = true;
      this.#lose(client);
    };
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.connect();
      for (const listener of this.#connectedListeners) await listener(client);
      if (isBroken) throw new Error("The session's connection broke while it was set up.");
    } catch (error) {
      client.end().catch(() => undefined); // nobody will use it
      throw error;
    }
    if (this.#closed) await client.end();
    else this.#client = client;
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    client.end().catch(() => undefined); // broken already
    for (const listener of this.#lostListeners) listener();
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.open().catch(() => this.#reconnectLater());
    }, RECONNECT_MS);
    this.#retry.unref();
  }
}
