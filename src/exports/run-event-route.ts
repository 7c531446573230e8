import { setImmediate } from "node:timers/promises";
import { BadUserInputError, UnauthenticatedError } from "../errors.js";
import type { RunEvents } from "../runs/index.js";
import type { Viewer } from "../viewer.js";
import { runEventText } from "./run-event-text.js";
import { serverSentEvents } from "./server-sent-events.js";

/** Silence that proxies put up with; also how soon a token that was revoked ends a stream. */
export const HEARTBEAT_MS = 15_000;

/** What of a request a stream of events needs. */
export interface RunEventRequest {
  readonly runId: string;
  readonly viewer: Viewer;
  readonly query: URLSearchParams;
  /** The Last-Event-ID header of a reader that comes back. */
  readonly lastEventId: string | undefined;
  readonly ends: readonly AbortSignal[];
  readonly authenticate: () => Promise<Viewer>;
}

/** A run's events as text, and how to stop watching the run: a text that nobody begins to read, as after HEAD, never ends by itself. */
export interface RunEventStreamText {
  readonly text: AsyncGenerator<string>;
  readonly stop: () => Promise<void>;
}

/** The run's events as text, or null when the reader has seen the last one. NOT_FOUND; BAD_USER_INPUT, CURSOR_INVALID, INPUT_INVALID. */
export async function openRunEvents(runs: Pick<RunEvents, "watch">, request: RunEventRequest, heartbeatMs: number): Promise<RunEventStreamText | null> {
  const { viewer, runId } = request;
  const after = request.lastEventId ?? request.query.get("after");
  const events = await runs.watch(viewer, { runId, after: after === "" ? null : after, withResults: withResults(request.query) });
  const first = events.next();
  first.catch(() => undefined); // thrown where it is awaited
  const stop = async (): Promise<void> => void (await events.return?.());
  const isOver = await Promise.race([first.then((step) => step.done === true), setImmediate(false)]).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  if (isOver) return null;
  const isAllowed = (): Promise<boolean> => request.authenticate().then(({ organizationId }) => organizationId === viewer.organizationId, refusedOnly);
  return { text: serverSentEvents({ events, first, toText: runEventText, ends: request.ends, isAllowed, heartbeatMs }), stop };
}

/** Only a token that is no longer one ends a stream: a database that is away for a moment does not. */
function refusedOnly(error: unknown): boolean {
  return !(error instanceof UnauthenticatedError);
}

function withResults(query: URLSearchParams): boolean {
  const given = query.get("finishedResults") ?? "true";
  if (given === "true" || given === "false") return given === "true";
  const message = "It must be true or false.";
  throw new BadUserInputError(`finishedResults: ${message}`, [{ field: "finishedResults", message }]);
}
