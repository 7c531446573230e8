import type { Db } from "../db/index.js";
import { findRemovedPositions, findTestSetsByIds, MAX_SEGMENT_POSITIONS, type TestSegment } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";

/**
 * The same tests in the same places, in their sets' versions of now. A test that was removed since stays as it was:
 * its answer is there, and is judged by what is known of it.
 */
export async function segmentsOfToday(db: Db, scope: Scope, segments: readonly TestSegment[]): Promise<TestSegment[]> {
  const setIds = [...new Set(segments.map((segment) => segment.testSetId))];
  const versions = new Map((await findTestSetsByIds(db, scope, setIds)).map((set) => [set.id, set.version]));
  const removed = await findRemovedPositions(db, scope, setIds);
  return segments.flatMap((segment) => ofToday(segment, versions.get(segment.testSetId) ?? segment.testSetVersion, removed.get(segment.testSetId) ?? new Set()));
}

function ofToday(segment: TestSegment, version: number, removed: ReadonlySet<number>): TestSegment[] {
  const { testSetId, testCount } = segment;
  const positions = segment.positions ?? Array.from({ length: testCount }, (_, index) => index + 1);
  if (!positions.some((position) => removed.has(position))) return [{ testSetId, testCount, testSetVersion: version, positions: segment.positions }];
  return stretches(positions, removed).map((stretch) => {
    const isGone = removed.has(stretch[0] ?? 0);
    return { testSetId, testSetVersion: isGone ? segment.testSetVersion : version, testCount: stretch.length, positions: stretch };
  });
}

/** Cuts positions where tests that are there meet tests that were removed, and where a segment would be too long. */
function stretches(positions: readonly number[], removed: ReadonlySet<number>): number[][] {
  const all: number[][] = [];
  for (const position of positions) {
    const last = all.at(-1);
    if (last?.[0] !== undefined && last.length < MAX_SEGMENT_POSITIONS && removed.has(last[0]) === removed.has(position)) last.push(position);
    else all.push([position]);
  }
  return all;
}
