/**
 * The embedded database cannot be had. The message is for whoever starts the gateway: it names the directory or
 * program and the next step, and never holds the password.
 */
export class EmbeddedDatabaseError extends Error {
  override readonly name = "EmbeddedDatabaseError";
}

const nextStepByCode: Readonly<Record<string, string>> = {
  EACCES: "Start the gateway as the user who owns it, correct its permissions, or choose another DATA_DIR.",
  EPERM: "Start the gateway as the user who owns it, correct its permissions, or choose another DATA_DIR.",
  EROFS: "The file system is read-only: choose another DATA_DIR.",
  ENOSPC: "The disk is full: free some space or choose another DATA_DIR.",
  EDQUOT: "The disk quota is used up: free some space or choose another DATA_DIR.",
  ENOENT: "It was moved or removed while in use: put it back, or start the gateway again.",
  ENOTDIR: "A part of this path is a file: choose another DATA_DIR.",
  EEXIST: "A file stands where a directory is needed: choose another DATA_DIR.",
};

/**
 * Runs `work` and turns file system failures into an EmbeddedDatabaseError about `path`. Errors that are not the
 * file system's pass unchanged.
 */
export async function explainingFileErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    const nextStep = code === undefined ? undefined : nextStepByCode[code];
    if (nextStep === undefined || !(error instanceof Error)) throw error;
    throw new EmbeddedDatabaseError(`The data directory ${path} cannot be used: ${error.message}. ${nextStep}`, { cause: error });
  }
}

/** The `code` of a system or PostgreSQL error ("ENOENT", "3D000"), undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
