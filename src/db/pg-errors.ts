/** PostgreSQL's error codes that the code reacts to, by their names in its manual (appendix A). */
const UNIQUE_VIOLATION = "23505";
const FOREIGN_KEY_VIOLATION = "23503";
/** Classes and codes after which the same transaction may succeed: the database is away, short of something, or two transactions met. */
const RETRYABLE_CLASSES = new Set([
  "08", // connection exceptions
  "40", // serialization failure, deadlock
  "53", // too many connections, disk full, out of memory
  "58", // the server's own input and output
]);
const RETRYABLE_CODES = new Set([
  "57P01", "57P02", "57P03", "57P05", // the server is shutting down, crashed, or starting; an idle session was ended
  "57014", // a statement waited longer than its timeout, behind a lock most likely
  "55P03", "25P03", // a lock was not to be had; a transaction was idle too long
  "25006", // the server is a standby: a failover is going on
  "ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOENT", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "EAI_AGAIN", "ENOTFOUND",
]);
/** What the driver itself says, without a code, when a connection is gone or does not come about. */
const LOST_CONNECTION = /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed)/;

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as { code?: string }).code : undefined; // pg puts SQLSTATE there
}

/** The violated unique constraint's name, or null when the error is another one. */
export function uniqueViolation(error: unknown): string | null {
  return codeOf(error) === UNIQUE_VIOLATION ? ((error as { constraint?: string }).constraint ?? "") : null;
}

/** Whether a foreign key named something that is not there. */
export function isForeignKeyViolation(error: unknown): boolean {
  return codeOf(error) === FOREIGN_KEY_VIOLATION;
}

/** Whether the same transaction may succeed later: the database went away, or two transactions met. */
export function isRetryable(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return RETRYABLE_CODES.has(code) || (/^[0-9A-Z]{5}$/.test(code) && RETRYABLE_CLASSES.has(code.slice(0, 2)));
  return error instanceof Error && LOST_CONNECTION.test(error.message);
}
