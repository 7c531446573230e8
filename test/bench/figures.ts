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
  let least = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const started = performance.now();
    await act(repeat);
    least = Math.min(least, performance.now() - started);
  }
  return least;
}
