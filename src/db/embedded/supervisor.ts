import { setTimeout as delay } from "node:timers/promises";
import { attach, countAttached, type Attachment } from "./attachments.js";
import { prepareBinaries } from "./binaries.js";
import { hasUsableCluster, initialiseCluster, loadPassword } from "./cluster.js";
import { canConnect, databaseUrl } from "./connection.js";
import { makeSupervisorFiles, type SupervisorFiles } from "./data-dir.js";
import { EmbeddedDatabaseError, explainingFileErrors } from "./embedded-error.js";
import type { NativePackage } from "./native-package.js";
import { inspectServer, removeStalePidFile } from "./postmaster.js";
import { presenceTimeoutMs } from "./presence.js";
import { startServer, startTimeoutMs, stopServer } from "./server.js";
import { findServerHome, type ServerHome } from "./server-home.js";
import { withStartLock } from "./start-lock.js";

/** Longer than the longest thing done under the lock. */
const lockTimeoutMs = startTimeoutMs + 60_000;
/** A running server that answers nobody for so long is broken; a busy one answers within it. */
const answerTimeoutMs = 30_000;
/** A server writes its postmaster.pid at one go; one that stays unreadable is left from a crash or a full disk. */
const unreadableTimeoutMs = 2_000;

/** A container that was killed is forgotten within the time of its presence; one that lives is not. */
const elsewhereTimeoutMs = presenceTimeoutMs + 1_000;

export interface Cluster {
  readonly files: SupervisorFiles;
  readonly home: ServerHome;
  readonly native: NativePackage;
  readonly password: string;
  readonly log: (message: string) => void;
}

/** Attaches to the server of a data directory and brings it up. On failure nothing stays attached. */
export async function openCluster(options: { dataDir: string; native: NativePackage; log: (message: string) => void }) {
  const { native, log } = options;
  return explainingFileErrors(options.dataDir, async () => {
    const files = await makeSupervisorFiles(options.dataDir);
    return withStartLock(files.lock, lockTimeoutMs, async () => {
      const home = await findServerHome(files);
      const hasCluster = await hasUsableCluster(home, native);
      const password = await loadPassword(files, hasCluster);
      const cluster: Cluster = { files, home, native, password, log };
      if (!hasCluster) {
        log(`Making a PostgreSQL ${native.major} database in ${home.directory}`);
        await initialiseCluster(home, await prepareBinaries(native, home), password);
      }
      const attachment = await attach(files.attached);
      try {
        return { cluster, port: await bringUp(cluster), attachment };
      } catch (error) {
        await attachment.detach();
        throw error;
      }
    });
  });
}

/** The port of the server if it answers now. Takes no lock: the way a healthy server is found. */
export async function findAnsweringPort({ home, password }: Cluster): Promise<number | null> {
  const server = await inspectServer(home);
  return server.kind === "running" && await canConnect({ port: server.port, password }) ? server.port : null;
}

/** Restarts the server if it is gone; of several processes one does so and the others find it running. */
export function restartCluster(cluster: Cluster): Promise<number> {
  return explainingFileErrors(cluster.files.dataDir, () =>
    withStartLock(cluster.files.lock, lockTimeoutMs, () => bringUp(cluster)));
}

/** Detaches; stops the server when nobody else is attached. */
export function leaveCluster(cluster: Cluster, attachment: Attachment): Promise<void> {
  const { files, home, native, log } = cluster;
  return explainingFileErrors(files.dataDir, () => withStartLock(files.lock, lockTimeoutMs, async () => {
    await attachment.detach();
    if ((await countAttached(files.attached)).all > 0) return;
    if ((await inspectServer(home)).kind === "stopped") return;
    await stopServer(home, await prepareBinaries(native, home));
    log(`PostgreSQL in ${home.directory} stopped`);
  }));
}

export function clusterUrl(cluster: Cluster, port: number): string {
  return databaseUrl({ port, password: cluster.password });
}

/** Waits, starts or finds running, until the server answers. Under the start lock. */
async function bringUp({ files, home, native, password, log }: Cluster): Promise<number> {
  let since = Date.now();
  let lastKind = "";
  for (;;) {
    const server = await inspectServer(home);
    if (server.kind !== lastKind) since = Date.now();
    lastKind = server.kind;
    const waitedMs = Date.now() - since;
    switch (server.kind) {
      case "running":
        if (await canConnect({ port: server.port, password })) return server.port;
        if (waitedMs > answerTimeoutMs) throw notAnswering(home, server.pid);
        break;
      case "changing":
        if (server.pid === null && waitedMs > unreadableTimeoutMs) await removeStalePidFile(home);
        if (waitedMs > startTimeoutMs) throw notAnswering(home, server.pid);
        break;
      case "stopped": {
        const isUsedElsewhere = (await countAttached(files.attached)).elsewhere > 0;
        if (isUsedElsewhere && waitedMs > elsewhereTimeoutMs) throw usedElsewhere(files);
        if (isUsedElsewhere) break;
        await startServer(home, await prepareBinaries(native, home));
        log(`PostgreSQL ${native.version} started in ${home.directory}`);
        continue;
      }
    }
    await delay(50);
  }
}

/** Its server cannot be seen from here, and PostgreSQL's own guards against a second one do not reach it either. */
function usedElsewhere(files: SupervisorFiles): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    `The data directory ${files.dataDir} is in use by a gateway in another container or on another machine. ` +
    "Stop that one first, or give all of them the same DATABASE_URL.");
}

function notAnswering(home: ServerHome, pid: number | null): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    `The database server in ${home.directory} (process ${pid ?? "unknown"}) runs but does not answer. See ${home.logs}/postgres.log; end that process with SIGQUIT and start again.`);
}
