import type { IncomingMessage } from "node:http";
import type { GraphQLError } from "graphql";
import { doorError } from "./graphql-errors.js";
import { LIMITS } from "./limits.js";

/** A request that the door refuses with a status of its own. */
export class RefusedRequest extends Error {
  constructor(
    readonly status: number,
    readonly error: GraphQLError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.message);
    this.name = "RefusedRequest";
  }
}

/** The caller left before it had sent its request: there is nobody to answer. */
export class CallerGone extends Error {
  constructor() {
    super("the caller went away");
    this.name = "CallerGone";
  }
}

function refuse(status: number, reason: string, message: string): never {
  throw new RefusedRequest(status, doorError("BAD_USER_INPUT", reason, message));
}

/** The JSON of a request's body. Refuses other media types (415), what is too large (413) and what is no JSON (400). */
export async function readJsonBody(incoming: IncomingMessage): Promise<unknown> {
  const [mediaType = "", ...parameters] = (incoming.headers["content-type"] ?? "").split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length).replaceAll('"', "");
  if (mediaType !== "application/json" || (charset !== undefined && charset !== "utf-8" && charset !== "utf8")) {
    refuse(415, "MEDIA_TYPE_UNSUPPORTED", "Send the operation as JSON in UTF-8, with content-type application/json.");
  }
  if ((incoming.headers["content-encoding"] ?? "identity") !== "identity") refuse(415, "MEDIA_TYPE_UNSUPPORTED", "Send the body without content-encoding.");
  const bytes = await readBytes(incoming, LIMITS.bodyBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    // The parser's own message would repeat parts of the body into logs and screens.
    return refuse(400, "BODY_NOT_JSON", "The body is not JSON in UTF-8.");
  }
}

function readBytes(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new RefusedRequest(413, doorError("BAD_USER_INPUT", "BODY_TOO_LARGE", `The body is larger than ${limit} bytes. Send large files to POST /test-sets/import.`));
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers["content-length"] ?? 0) > limit) return reject(tooLarge);
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      incoming.off("data", onData);
      chunks.length = 0;
      reject(tooLarge);
    };
    incoming.on("data", onData);
    incoming.once("end", () => resolve(Buffer.concat(chunks)));
    incoming.once("error", () => reject(new CallerGone()));
    incoming.once("close", () => reject(new CallerGone()));
  });
}
