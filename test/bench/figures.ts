/** One figure with what bounds it: a promise, or what the machine can do at all, measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number | null;
  readonly limitName?: string;
  /** The middle one of the values of which `value` is the least. */
  readonly median?: number;
}

/** Prints a figure as a JSON line. */
export function report({ limitName = "promise", median, ...figure }: Figure): void {
  const medians = median === undefined ? {} : { median: rounded(median) };
  process.stdout.write(`${JSON.stringify({ ...figure, value: rounded(figure.value), ...medians, limitName: figure.limit === null ? "" : limitName })}\n`);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The least of so many times, in milliseconds: what the machine does when nobody disturbs it. */
export async function leastMs(repeats: number, act: (repeat: number) => Promise<unknown>): Promise<number> {
  return (await leastAndMedianMs(repeats, act)).value;
}

/** Likewise, with the middle one: what is met as a rule, other work of the machine included. */
export async function leastAndMedianMs(repeats: number, act: (repeat: number) => Promise<unknown>): Promise<{ readonly value: number; readonly median: number }> {
  const times = (await timesMs(repeats, act)).sort((a, b) => a - b);
  return { value: times[0] ?? Number.NaN, median: times[Math.floor(repeats / 2)] ?? Number.NaN };
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
