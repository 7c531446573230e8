/** What a stream is made of and what ends it. */
export interface EventStreamArgs<E> {
  readonly events: AsyncIterator<E>;
  /** The answer of the first `next`, which the caller has asked for. */
  readonly first: Promise<IteratorResult<E>>;
  readonly toText: (event: E) => string;
  /** Each of them ends the stream: the reader is gone, the gateway shuts down. */
  readonly ends: readonly AbortSignal[];
  /** Whether the reader may go on reading; asked at every heartbeat. */
  readonly isAllowed: () => Promise<boolean>;
  /** How long nothing may be sent: proxies cut connections that seem dead. */
  readonly heartbeatMs: number;
}

/** How long a reader waits before it comes back to a stream that was cut. */
const RETRY_MS = 1_000;

/** Events as text/event-stream, with a comment whenever nothing has happened for a while. Ends after the last event. */
export async function* serverSentEvents<E>(args: EventStreamArgs<E>): AsyncGenerator<string> {
  const ended = AbortSignal.any([...args.ends]);
  let checkedAt = performance.now();
  const mayGoOn = async (): Promise<boolean> => {
    if (performance.now() - checkedAt < args.heartbeatMs) return true;
    checkedAt = performance.now();
    return args.isAllowed();
  };
  let next = args.first;
  try {
    yield `retry: ${RETRY_MS}\n\n`;
    for (;;) {
      const step = await within(next, args.heartbeatMs, ended);
      if (ended.aborted || !(await mayGoOn())) return;
      if (step === null) yield ": nothing new\n\n";
      else if (step.done === true) return;
      else {
        yield args.toText(step.value);
        next = args.events.next();
      }
    }
  } finally {
    next.catch(() => undefined); // nobody is left to hear of it
    await args.events.return?.();
  }
}

/** What the promise gives, or null when it takes longer or the signal aborts. */
async function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | null> {
  let stop = (): void => undefined;
  const limit = new Promise<null>((resolve) => {
    const end = (): void => resolve(null);
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    };
  });
  return Promise.race([promise, limit]).finally(() => stop());
}
