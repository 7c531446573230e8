import { createHash } from "node:crypto";
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerHome } from "./server-home.js";

function settingsFile(home: ServerHome): string {
  return join(home.directory, "settings.conf");
}

/** The port of the last start, null before the first. */
export async function readLastPort(home: ServerHome): Promise<number | null> {
  const text = await readFile(settingsFile(home), "utf8").catch(() => "");
  const port = /^port = (\d+)$/m.exec(text)?.[1];
  return port === undefined ? null : Number(port);
}

export async function writeSettings(home: ServerHome, port: number): Promise<void> {
  const draft = `${settingsFile(home)}.draft`;
  await writeFile(draft, settings(home, port));
  // Against the umask: the server's account reads it.
  await chmod(draft, 0o644);
  await rename(draft, settingsFile(home));
}

/** In the titles of the server's processes, so that those a killed postmaster leaves can be told from others. */
export function clusterName(home: ServerHome): string {
  return `assay-${createHash("sha256").update(home.directory).digest("hex").slice(0, 12)}`;
}

function settings(home: ServerHome, port: number): string {
  return `# Written by the gateway at every start. To change a setting for good: ALTER SYSTEM SET.
listen_addresses = '127.0.0.1'
port = ${port}
# No socket: its path is limited to 107 bytes, and a data directory may be deeper than that.
unix_socket_directories = ''
cluster_name = '${clusterName(home)}'
max_connections = 200
# Write-heavy result batches and scans over whole runs, beside a gateway on the same machine.
shared_buffers = '256MB'
work_mem = '32MB'
max_wal_size = '4GB'
# A run fills a table in seconds: after a minute without statistics its pages and writes take several times as long.
autovacuum_naptime = '5s'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
# The gateway reports failed statements itself; here they would fill the disk, with customers' texts in them.
log_min_messages = log
log_min_error_statement = panic
log_checkpoints = off
`;
}
