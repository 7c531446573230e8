/** PostgreSQL's error codes that the code reacts to, by their names in its manual (appendix A). */
const UNIQUE_VIOLATION = "23505";
const FOREIGN_KEY_VIOLATION = "23503";
const RETRYABLE = new Set([
  "08000", "08001", "08003", "08004", "08006", // connection exceptions
  "57P01", "57P02", "57P03", // the server is shutting down, crashed, or starting
  "53300", // too many connections
  "40001", "40P01", // serialization failure, deadlock
  "ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOENT",
]);

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

/** Whether the same transaction may succeed later: the database went away or two transactions met. */
export function isRetryable(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && RETRYABLE.has(code)) return true;
  return error instanceof Error && /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(error.message);
}
