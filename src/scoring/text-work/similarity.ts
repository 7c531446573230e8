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

/** The number of what was seen before, or the next one. */
function numberOf<K>(known: Map<K, number>, key: K): number {
  const number = known.get(key) ?? known.size;
  if (number === known.size) known.set(key, number);
  return number;
}

/** The n-grams of a text as numbers: each is a shorter one and the token that follows it. */
function extended(shorter: readonly number[], tokens: readonly number[], order: number, vocabulary: number, known: Map<number, number>): number[] {
  const grams: number[] = [];
  for (let end = order - 1; end < tokens.length; end += 1) grams.push(numberOf(known, (shorter[end - order + 1] ?? 0) * vocabulary + (tokens[end] ?? 0)));
  return grams;
}

function counted(numbers: readonly number[], size: number): Uint32Array {
  const counts = new Uint32Array(size);
  for (const number of numbers) counts[number] = (counts[number] ?? 0) + 1;
  return counts;
}

/** How many the answer shares with the references, each at most as often as the reference that has it most. */
function shared(answer: readonly number[], references: readonly (readonly number[])[], size: number): number {
  const most = new Uint32Array(size);
  for (const reference of references) {
    const counts = counted(reference, size);
    for (let number = 0; number < size; number += 1) most[number] = Math.max(most[number] ?? 0, counts[number] ?? 0);
  }
  let common = 0;
  for (const number of answer) {
    const left = most[number] ?? 0;
    if (left === 0) continue;
    most[number] = left - 1;
    common += 1;
  }
  return common;
}

/** Counts an answer against references: each n-gram at most as often as the reference that has it most. */
export function bleuCounts(answer: string, references: readonly string[]): BleuCounts {
  const tokens = bleuTokens(answer);
  const others = references.map(bleuTokens);
  // Numbers instead of texts joined anew for each order: n-grams are most of the work.
  const words = new Map<string, number>();
  const numbered = [tokens, ...others].map((list) => list.map((token) => numberOf(words, token)));
  const matches: number[] = [];
  let grams = numbered;
  let size = words.size;
  for (let order = 1; order <= MAX_ORDER; order += 1) {
    if (order > 1) {
      const known = new Map<number, number>();
      grams = grams.map((list, text) => extended(list, numbered[text] ?? [], order, words.size, known));
      size = known.size;
    }
    const [given = [], ...references] = grams;
    matches.push(shared(given, references, size));
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
  const known = new Map<string, number>();
  const [answered, wanted] = [given, expected].map((list) => list.map((word) => numberOf(known, word)));
  return (2 * shared(answered ?? [], [wanted ?? []], known.size)) / (given.length + expected.length);
}
