import { RE2JS } from "re2js";

/**
 * Patterns of metrics, in JavaScript's syntax as far as RE2 matches it in linear time: no back-references and no
 * lookahead; lookbehind without groups is there.
 */

/** The flags of a pattern that users may give, with what they mean to re2js. */
const FLAGS: Readonly<Record<string, number>> = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL };

/** Longer patterns are refused: compiling takes about a microsecond a character, and nobody can read them. */
export const MAX_PATTERN_LENGTH = 10_000;

const NO_BACK_REFERENCES = "Patterns are matched in linear time: back-references and lookahead are not there.";

/** A pattern as the matching worker takes it: its source in RE2's syntax, and re2js's flag bits. */
export interface PatternSource {
  readonly source: string;
  readonly flags: number;
}

/** The pattern for the worker. Each of `flags` is i (ignore case), m (^ and $ match at lines) or s (. matches line breaks). */
export function patternSource(pattern: string, flags: string): PatternSource {
  return { source: RE2JS.translateRegExp(pattern), flags: [...flags].reduce((bits, flag) => bits | (FLAGS[flag] ?? 0), RE2JS.LOOKBEHINDS) };
}

/** What is wrong with a pattern, as a sentence; null when it can be matched and has the group. */
export function patternProblem(pattern: string, flags: string, group = 0): string | null {
  if (pattern.length > MAX_PATTERN_LENGTH) return `A pattern may have ${MAX_PATTERN_LENGTH} characters; it has ${pattern.length}.`;
  const unknown = [...flags].find((flag) => !(flag in FLAGS));
  if (unknown !== undefined) return `There is no flag "${unknown}". The flags are i, m and s.`;
  // re2js's translation turns it into the text "k<name>" instead of refusing it.
  if (/(?:^|[^\\])(?:\\\\)*\\k</.test(pattern)) return NO_BACK_REFERENCES;
  try {
    const { source, flags: bits } = patternSource(pattern, flags);
    const groups = RE2JS.compile(source, bits).groupCount();
    if (group > groups) return `The pattern has ${groups} groups, and the part is to be group ${group}. Put parentheses around the part, or give the group 0 for the whole match.`;
    return null;
  } catch (error) {
    // re2js says where; the rest tells users of other engines why.
    return `${error instanceof Error ? error.message : String(error)}. ${NO_BACK_REFERENCES}`;
  }
}
