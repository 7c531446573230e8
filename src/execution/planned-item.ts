import type { Db } from "../db/index.js";
import { type EarlierTries, findEarlierTries, findPlannedTests, findSourceAnswers, findStoredStates, findUnjudgedAnswers, isOpen, laneOrdinals, positionOf, type StoredAnswer, type TestRun, trialOf } from "../runs/index.js";
import { findRevisionsByIds, type TestRevision } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";
import { findFirstOpenOrdinal } from "./lane-progress.repository.js";

/** So many results are planned ahead: enough to keep calls going while the next are read. */
const CHUNK = 128;
/** Of a re-score, whose results take less time than the reading of them. */
const RESCORE_CHUNK = 512;

/** One planned result that has no verdict yet. */
export interface PlannedItem {
  readonly ordinal: number;
  readonly position: number;
  readonly trial: number;
  readonly revision: TestRevision;
  /** What the endpoint answered before a crash; null when it is to be called. */
  readonly answer: StoredAnswer | null;
  /** How often it was called before without an answer; null where never. */
  readonly tries: EarlierTries | null;
}

/** Some of a lane's results, with the ordinal to go on from. */
export interface Chunk {
  readonly items: readonly PlannedItem[];
  /** The first ordinal of the lane past the chunk; null at the lane's end. */
  readonly next: number | null;
}

/** Reads the lane's next results that have no verdict, from `from` on: five statements at the most. */
export async function readChunk(db: Db, scope: Scope, args: { run: TestRun; lane: number; from: number }): Promise<Chunk> {
  const { run, lane, from } = args;
  const ordinals = laneOrdinals({ from, lane, laneCount: run.laneCount, total: run.total, limit: run.outputRunId === null ? CHUNK : RESCORE_CHUNK });
  const last = ordinals.at(-1);
  if (last === undefined) return { items: [], next: null };
  const states = await findStoredStates(db, scope, run.id, ordinals);
  const open = ordinals.filter((ordinal) => isOpen(states.get(ordinal)?.status ?? "PENDING"));
  const answers = new Map((await findAnswers(db, scope, run, open, states)).map((answer) => [answer.ordinal, answer]));
  const tried = run.outputRunId === null ? open.filter((ordinal) => (states.get(ordinal)?.attemptCount ?? 0) > 0 && !answers.has(ordinal)) : [];
  const tries = new Map((tried.length === 0 ? [] : await findEarlierTries(db, scope, run.id, tried)).map((each) => [each.ordinal, each]));
  const positions = [...new Set(open.map((ordinal) => positionOf(ordinal, run.trials)))];
  const planned = await findPlannedTests(db, scope, positions.map((position) => ({ runId: run.id, position })));
  const revisions = new Map((await findRevisionsByIds(db, scope, [...new Set(planned.map((test) => test.testRevisionId))])).map((revision) => [revision.id, revision]));
  const byPosition = new Map(planned.map((test) => [test.position, revisions.get(test.testRevisionId)]));
  const items = open.map((ordinal) => {
    const position = positionOf(ordinal, run.trials);
    const revision = byPosition.get(position);
    if (revision === undefined) throw new Error(`The plan of run ${run.id} has no test at place ${position}.`);
    return { ordinal, position, trial: trialOf(ordinal, run.trials), revision, answer: answers.get(ordinal) ?? null, tries: tries.get(ordinal) ?? null };
  });
  const [next] = laneOrdinals({ from: last + 1, lane, laneCount: run.laneCount, total: run.total, limit: 1 });
  return { items, next: next ?? null };
}

/** What is known of the answers: those that are stored and not judged yet; for a re-score, those of the run that it scores again. */
async function findAnswers(db: Db, scope: Scope, run: TestRun, open: readonly number[], states: ReadonlyMap<number, unknown>): Promise<readonly StoredAnswer[]> {
  if (run.outputRunId !== null) return open.length === 0 ? [] : findSourceAnswers(db, scope, run.outputRunId, open);
  const stored = open.filter((ordinal) => states.has(ordinal));
  return stored.length === 0 ? [] : findUnjudgedAnswers(db, scope, run.id, stored);
}

/** Where to go on after a chunk in which all was done. */
function skipDone(db: Db, scope: Scope, { run, lane, from }: { run: TestRun; lane: number; from: number }): Promise<number | null> {
  return findFirstOpenOrdinal(db, scope, { runId: run.id, lane, laneCount: run.laneCount, total: run.total, from });
}

/** All of a lane's open results in order; the next chunk is read while one is worked on. */
export async function* readLane(db: Db, scope: Scope, args: { run: TestRun; lane: number; from: number }): AsyncGenerator<PlannedItem> {
  let ahead: Promise<Chunk> | null = readChunk(db, scope, args);
  while (ahead !== null) {
    const chunk: Chunk = await ahead;
    const next: number | null = chunk.items.length > 0 || chunk.next === null ? chunk.next : await skipDone(db, scope, { ...args, from: chunk.next });
    ahead = next === null ? null : readChunk(db, scope, { ...args, from: next });
    ahead?.catch(() => undefined); // thrown where it is awaited; the consumer may have stopped by then
    yield* chunk.items;
  }
}
