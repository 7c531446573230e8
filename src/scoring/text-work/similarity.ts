// Loaded in worker threads by its address: it imports nothing of ours (see text-worker.ts).

/** What BLEU counts of an answer: n-grams of each order that the reference has too, n-grams, and lengths in tokens. */
export interface BleuCounts {
  readonly matches: readonly number[];
  readonly totals: readonly number[];
  readonly length: number;
  readonly referenceLength: number;
}

const MAX_ORDER = 4;

/**
 * Tokens as BLEU's reference implementation makes them by default ("13a", after mteval-v13a of the WMT shared tasks;
 * sacreBLEU, Post 2018): marks stand alone, but for dots and commas inside numbers.
 */
export function bleuTokens(text: string): string[] {
  return ` ${text.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ").replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">")} `
    .replaceAll(/[{-~[-` -&(-+:-@/]/g, " $& ")
    .replaceAll(/([^0-9])([.,])/g, "$1 $2 ")
    .replaceAll(/([.,])([^0-9])/g, " $1 $2")
    .replaceAll(/([0-9])(-)/g, "$1 $2 ")
    .split(/\s+/)
    .filter((token) => token !== "");
}

function countGrams(tokens: readonly string[], order: number): Map<string, number> {
  const grams = new Map<string, number>();
  for (let start = 0; start + order <= tokens.length; start += 1) {
    const gram = tokens.slice(start, start + order).join(" "); // no token has a space
    grams.set(gram, (grams.get(gram) ?? 0) + 1);
  }
  return grams;
}

function overlap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let common = 0;
  for (const [gram, count] of a) common += Math.min(count, b.get(gram) ?? 0);
  return common;
}

/** Counts an answer against references: each n-gram at most as often as the reference that has it most. */
export function bleuCounts(answer: string, references: readonly string[]): BleuCounts {
  const tokens = bleuTokens(answer);
  const others = references.map(bleuTokens);
  const matches: number[] = [];
  for (let order = 1; order <= MAX_ORDER; order += 1) {
    const most = new Map<string, number>();
    for (const other of others) for (const [gram, count] of countGrams(other, order)) most.set(gram, Math.max(count, most.get(gram) ?? 0));
    matches.push(overlap(countGrams(tokens, order), most));
  }
  const distance = (other: readonly string[]): number => Math.abs(other.length - tokens.length);
  const [closest] = [...others].sort((a, b) => distance(a) - distance(b) || a.length - b.length);
  return { matches, totals: matches.map((_, index) => Math.max(0, tokens.length - index)), length: tokens.length, referenceLength: closest?.length ?? 0 };
}

/**
 * BLEU (Papineni et al. 2002) from counts, 0 to 1, as sacreBLEU 2 gives it for sentences: exponential smoothing (an
 * order without matches counts half as much as the one before) over the orders that the answer is long enough for.
 */
export function bleuScore(counts: BleuCounts): number {
  if (counts.matches.every((match) => match === 0)) return 0;
  let logs = 0;
  let orders = 0;
  let smoothing = 1;
  for (const [index, total] of counts.totals.entries()) {
    if (total === 0) break;
    const match = counts.matches[index] ?? 0;
    if (match === 0) smoothing *= 2;
    logs += Math.log(match === 0 ? 1 / (smoothing * total) : match / total);
    orders += 1;
  }
  const brevity = counts.length < counts.referenceLength ? Math.exp(1 - counts.referenceLength / counts.length) : 1;
  return brevity * Math.exp(logs / orders);
}

/** The BLEU of one answer against one reference. */
export function bleu(answer: string, reference: string): number {
  return bleuScore(bleuCounts(answer, [reference]));
}

/** Words: runs of letters, marks and digits; what stands between them does not count. */
function words(text: string): string[] {
  return text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/**
 * The harmonic mean of precision and recall over words with their counts, 0 to 1: SQuAD's F1 (Rajpurkar et al. 2016)
 * without its removal of articles. Two texts without words are equal.
 */
export function tokenF1(answer: string, reference: string): number {
  const given = words(answer);
  const expected = words(reference);
  if (given.length === 0 || expected.length === 0) return given.length === expected.length ? 1 : 0;
  const common = overlap(countGrams(given, 1), countGrams(expected, 1));
  return (2 * common) / (given.length + expected.length);
}
