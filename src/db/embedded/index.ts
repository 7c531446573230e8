import type { Attachment } from "./attachments.js";
import { findNativePackage } from "./native-package.js";
import { clusterUrl, findAnsweringPort, leaveCluster, openCluster, restartCluster, type Cluster } from "./supervisor.js";

export { EmbeddedDatabaseError } from "./embedded-error.js";
export { beginKeyRotation, endKeyRotation, loadOrCreateSecretKey, readSecretKeys } from "./secret-key.js";

/** A PostgreSQL that runs on this machine for one data directory, shared by every process that opens it. */
export interface EmbeddedDatabase {
  /** postgresql:// with user, password, 127.0.0.1 and port of the database `assay`. Holds the password: not for logs. */
  readonly url: string;
  /**
   * Makes sure the server answers, and restarts it when it is gone. Resolves with the URL; the port stays the same
   * unless somebody took it meanwhile. Aborting ends the wait, not the restart. Safe to repeat and to call at once
   * from many places. Throws EmbeddedDatabaseError when the server cannot be had.
   */
  ensureRunning(signal?: AbortSignal): Promise<string>;
  /** Detaches; the last attached process stops the server. Safe to repeat. */
  close(): Promise<void>;
}

/**
 * Opens the database of a data directory: attaches to the running server, starts a stopped one, makes one when there
 * is none. The server outlives a killed gateway and does not keep this process alive. Throws EmbeddedDatabaseError,
 * naming the directory or program and the next step.
 */
export async function openEmbeddedDatabase(
  options: { readonly dataDir: string; readonly log?: (message: string) => void },
): Promise<EmbeddedDatabase> {
  const log = options.log ?? (() => undefined);
  const { cluster, port, attachment } = await openCluster({ dataDir: options.dataDir, native: findNativePackage(), log });
  return new AttachedDatabase(cluster, port, attachment);
}

class AttachedDatabase implements EmbeddedDatabase {
  private running: Promise<string> | null = null;
  private closing: Promise<void> | null = null;

  constructor(private readonly cluster: Cluster, private port: number, private readonly attachment: Attachment) {}

  get url(): string {
    return clusterUrl(this.cluster, this.port);
  }

  async ensureRunning(signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    if (this.closing !== null) throw new Error("This embedded database is closed.");
    this.running ??= this.run().finally(() => { this.running = null; });
    return signal === undefined ? this.running : untilAborted(this.running, signal);
  }

  close(): Promise<void> {
    this.closing ??= this.leave();
    return this.closing;
  }

  private async run(): Promise<string> {
    this.port = await findAnsweringPort(this.cluster) ?? await restartCluster(this.cluster);
    return this.url;
  }

  private async leave(): Promise<void> {
    // A restart under way would leave a server running that nobody is attached to. Its failure is its caller's.
    await this.running?.catch(() => undefined);
    await leaveCluster(this.cluster, this.attachment);
  }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => { reject(signal.reason as Error); };
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => { signal.removeEventListener("abort", abort); });
  });
}
