/**
 * Lanes share out the ordinals of a run in blocks, so that several slices work on one run at once. Small enough that
 * a run of a few hundred tests uses several lanes, large enough that the tests of a slice lie together.
 */
export const LANE_BLOCK = 64;
/** More lanes than this bring nothing: a lane alone keeps many calls in flight. */
const MAX_LANES = 8;

/** How many lanes a run gets: one for a sequential run, else one a block, as many as are of use. */
export function laneCountFor(args: { total: number; sequential: boolean; maxConcurrency: number }): number {
  if (args.sequential) return 1;
  return Math.max(1, Math.min(MAX_LANES, args.maxConcurrency, Math.ceil(args.total / LANE_BLOCK)));
}

/** The lane of an ordinal. */
export function laneOf(ordinal: number, laneCount: number): number {
  return Math.floor((ordinal - 1) / LANE_BLOCK) % laneCount;
}

/** The first ordinal of the lane at or after `ordinal`. */
export function firstInLane(ordinal: number, lane: number, laneCount: number): number {
  const block = Math.floor((ordinal - 1) / LANE_BLOCK);
  const ahead = (lane - (block % laneCount) + laneCount) % laneCount;
  return ahead === 0 ? ordinal : (block + ahead) * LANE_BLOCK + 1;
}

/** The next ordinals of the lane from `ordinal` on, at most `limit`, none above `total`. */
export function laneOrdinals(args: { from: number; lane: number; laneCount: number; total: number; limit: number }): number[] {
  const ordinals: number[] = [];
  let ordinal = firstInLane(args.from, args.lane, args.laneCount);
  while (ordinal <= args.total && ordinals.length < args.limit) {
    ordinals.push(ordinal);
    ordinal = firstInLane(ordinal + 1, args.lane, args.laneCount);
  }
  return ordinals;
}
