/** One figure with what bounds it: a promise, or what the machine can do at all, measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number | null;
  readonly limitName?: string;
}

/** Prints a figure as a JSON line. */
export function report({ limitName = "promise", ...figure }: Figure): void {
  process.stdout.write(`${JSON.stringify({ ...figure, value: Math.round(figure.value * 10) / 10, limitName: figure.limit === null ? "" : limitName })}\n`);
}

/** The least of so many times, in milliseconds: what the machine does when nobody disturbs it. */
export async function leastMs(repeats: number, act: (repeat: number) => Promise<unknown>): Promise<number> {
  return Math.min(...(await timesMs(repeats, act)));
}

/** The middle one of so many times, in milliseconds: what is met as a rule. */
export async function medianMs(repeats: number, act: (repeat: number) => Promise<unknown>): Promise<number> {
  const times = await timesMs(repeats, act);
  return times.toSorted((a, b) => a - b)[Math.floor(repeats / 2)] ?? Number.NaN;
}

async function timesMs(repeats: number, act: (repeat: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const started = performance.now();
    await act(repeat);
    times.push(performance.now() - started);
  }
  return times;
}
