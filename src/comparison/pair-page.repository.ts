import { checkedCursor, type Db, type Page, type Paging, parsePaging, toPage } from "../db/index.js";
import { positionOf } from "../runs/index.js";
import type { Scope } from "../viewer.js";
import type { SideCounts } from "./comparison.js";
import { countMatchingPairs, searchTestPairs } from "./pair-search.repository.js";
import { walkTestPairs } from "./pair-walk.repository.js";
import { findPairing, type Pairing } from "./pairing.repository.js";
import type { RunPair } from "./run-pair.js";
import { ORDER, type PairRow, type PairRows, type PairSide, type TestPair, type TestPairFilter, type TestPairListArgs } from "./test-pair.js";

/** A page of the tests of each pair of runs, by `pairKey`. At most four statements, whatever the number of pairs. BAD_USER_INPUT for paging arguments. */
export async function pageTestPairs(db: Db, scope: Scope, runPairs: readonly RunPair[], { filter, page }: TestPairListArgs): Promise<ReadonlyMap<string, Page<TestPair>>> {
  const paging = parsePaging(page, ["testPairs", filter]);
  for (const field of ["after", "before"] as const) checkedCursor(field, ORDER, paging[field]);
  const { pairs, runIds } = await findPairing(db, scope, runPairs);
  const isWalked = ({ baseline, candidate }: Pairing["pairs"][number]): boolean => filter.outcome === null && filter.search === null && !baseline.isOpen && !candidate.isOpen;
  const [walked, searched] = [pairs.filter(isWalked), pairs.filter((pair) => !isWalked(pair))];
  const found = [
    ...zip(walked, walked.length === 0 ? [] : await walkTestPairs(db, scope, walked, paging)),
    ...zip(searched, searched.length === 0 ? [] : await searchTestPairs(db, scope, { pairs: searched, runIds }, filter, paging)),
  ];
  return new Map(await Promise.all(found.map(async ([pair, rows]) => [pair.key, await pageOfRows(pair, rows, paging)] as const)));
}

/** How many tests of each pair of runs match, by `pairKey`. Two statements, whatever the number of pairs. */
export async function countTestPairs(db: Db, scope: Scope, runPairs: readonly RunPair[], filter: TestPairFilter): Promise<ReadonlyMap<string, number>> {
  const pairing = await findPairing(db, scope, runPairs);
  if (pairing.pairs.length === 0) return new Map();
  const counts = await countMatchingPairs(db, scope, pairing, filter);
  return new Map(pairing.pairs.map(({ key }, index) => [key, counts[index] ?? 0]));
}

function zip<A, B>(left: readonly A[], right: readonly B[]): [A, B][] {
  return left.flatMap((each, index): [A, B][] => (right[index] === undefined ? [] : [[each, right[index]]]));
}

async function pageOfRows(pair: Pairing["pairs"][number], { rows, hasBehind, hasAhead }: PairRows, paging: Paging): Promise<Page<TestPair>> {
  const page = await toPage(rows, ORDER, paging, () => Promise.resolve(hasBehind), () => Promise.resolve(hasAhead));
  return { ...page, rows: page.rows.map((row) => toTestPair(pair, row)) };
}

function toTestPair({ pair, baseline, candidate }: Pairing["pairs"][number], row: PairRow): TestPair {
  const side = (ordinal: number | null, trials: number, counts: SideCounts): PairSide | null => (ordinal === null ? null : { place: positionOf(ordinal, trials), counts });
  return { ...pair, testId: row.testId, outcome: row.outcome, baseline: side(row.baselineOrdinal, baseline.trials, row.baselineCounts), candidate: side(row.candidateOrdinal, candidate.trials, row.candidateCounts) };
}
