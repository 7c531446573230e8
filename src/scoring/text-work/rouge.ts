import { l, n as overlap, sentenceSegment, treeBankTokenize } from "js-rouge";

// Loaded in worker threads by its address: it imports packages alone (see text-worker.ts).

/** Characters of texts whose sentences are kept: the expected text comes again with every trial, both texts with every measure. */
const MAX_KEPT = 2_000_000;

const kept = new Map<string, readonly string[]>();
let keptCharacters = 0;

/** What can end a sentence or begin a list; js-rouge splits at nothing else, which a test holds against it. */
const MAY_SPLIT = /[.!?)\r\n\u0085\u2028\u2029]/;

/** Whether js-rouge takes the text for one sentence, as far as that is plain to see. Finding sentences is most of its work. */
function isOneSentence(text: string): boolean {
  return !MAY_SPLIT.test(text.trimEnd().slice(0, -1));
}

function sentencesOf(text: string): string[] {
  if (isOneSentence(text)) return [text];
  const known = kept.get(text);
  if (known !== undefined) return [...known];
  const sentences = sentenceSegment(text);
  if (keptCharacters + text.length > MAX_KEPT) {
    kept.clear();
    keptCharacters = 0;
  }
  kept.set(text, sentences);
  keptCharacters += text.length;
  return [...sentences];
}

/** Without case, js-rouge splits by other rules and folds the sentences afterwards: what it does is taken as it is, but for single sentences. */
function isPlain(text: string, other: string, isCaseSensitive: boolean): boolean {
  return isCaseSensitive || (isOneSentence(text) && isOneSentence(other));
}

/** The F1 of the longest common subsequences of words, sentence by sentence: what js-rouge gives, faster. Neither text may be blank. */
export function rougeL(text: string, other: string, isCaseSensitive: boolean): number {
  return l(text, other, { caseSensitive: isCaseSensitive, ...(isPlain(text, other, isCaseSensitive) ? { segmenter: sentencesOf } : {}) });
}

/** The F1 of n-grams of words: what js-rouge gives, faster. Neither text may be blank. */
export function rougeN(text: string, other: string, n: number, isCaseSensitive: boolean): number {
  const tokenizer = (whole: string): string[] => sentencesOf(whole).flatMap(treeBankTokenize);
  return overlap(text, other, { n, caseSensitive: isCaseSensitive, ...(isPlain(text, other, isCaseSensitive) ? { tokenizer } : {}) });
}
