import type { Trx } from "../db/index.js";
import { endpointRefs } from "../endpoints/index.js";
import { assertNotDeleted, type EntityRef, getByRef, refText } from "../entity-ref.js";
import { assertNoProblems, BadUserInputError, ConflictError, FailedPreconditionError, NotFoundError } from "../errors.js";
import { IdKind, isId } from "../ids.js";
import { testSetRefs } from "../test-sets/index.js";
import type { Viewer } from "../viewer.js";
import { isTerminal, type TestRun, TestRunKind } from "./run.js";
import { findLatestCompletedRuns, findRunsByIds, findRunsByNames } from "./run.repository.js";
import { lockRunById } from "./run-write.repository.js";

/** Which run's outputs to score again. */
export interface SourceRefs {
  /** Both are needed unless `run` is an id. */
  readonly testSet: EntityRef | null;
  readonly endpoint: EntityRef | null;
  /** Null: the newest completed EXECUTION of the whole set. */
  readonly run: EntityRef | null;
}

/**
 * The run that is meant, locked: it cannot be deleted or retried before the re-score is there. NOT_FOUND;
 * BAD_USER_INPUT, RUN_OF_ANOTHER_SET too; CONFLICT, AMBIGUOUS_NAME; FAILED_PRECONDITION: DELETED, NO_COMPLETED_RUN,
 * RUN_NOT_FINISHED.
 */
export async function lockSource(trx: Trx, viewer: Viewer, refs: SourceRefs): Promise<TestRun> {
  assertEnough(refs);
  const testSet = refs.testSet === null ? null : assertNotDeleted("test set", await getByRef(testSetRefs(trx, viewer), refs.testSet));
  const endpoint = refs.endpoint === null ? null : assertNotDeleted("endpoint", await getByRef(endpointRefs(trx, viewer), refs.endpoint));
  const place = { testSetId: testSet?.id ?? null, endpointId: endpoint?.id ?? null };
  const found = refs.run === null ? await newestCompleted(trx, viewer, place) : await namedRun(trx, viewer, refs.run, place);
  const source = await lockRunById(trx, viewer, found.id);
  if (source === null) throw new NotFoundError("test run", found.id);
  if (!isTerminal(source.status)) {
    throw new FailedPreconditionError("RUN_NOT_FINISHED", `The run ${source.id} is ${source.status}. Re-score it when it has ended, or cancel it first.`, { status: source.status });
  }
  return source;
}

function assertEnough({ testSet, endpoint, run }: SourceRefs): void {
  if (run?.id !== undefined) return;
  const missing = Object.entries({ testSet, endpoint }).filter(([, ref]) => ref === null);
  assertNoProblems(missing.map(([field]) => ({ field: `input.${field}`, message: "It is needed unless `run` is an id." })));
}

interface Place {
  readonly testSetId: string | null;
  readonly endpointId: string | null;
}

function isOf(run: TestRun, { testSetId, endpointId }: Place): boolean {
  return (testSetId === null || run.testSetId === testSetId) && (endpointId === null || run.endpointId === endpointId);
}

async function newestCompleted(trx: Trx, viewer: Viewer, { testSetId, endpointId }: Place): Promise<TestRun> {
  const key = { testSetId: testSetId ?? "", endpointId: endpointId ?? "", kind: TestRunKind.EXECUTION };
  const [newest] = await findLatestCompletedRuns(trx, viewer, [key]);
  if (newest !== undefined) return newest;
  const message = `The test set ${key.testSetId} has no COMPLETED run of the whole set against the endpoint ${key.endpointId}. Execute it first, or name a run.`;
  throw new FailedPreconditionError("NO_COMPLETED_RUN", message);
}

/** Of several runs with the name, that of the set and endpoint. */
async function namedRun(trx: Trx, viewer: Viewer, ref: EntityRef, place: Place): Promise<TestRun> {
  const candidates = ref.id === undefined ? await findRunsByNames(trx, viewer, [ref.name ?? ""]) : isId(ref.id, IdKind.TEST_RUN) ? await findRunsByIds(trx, viewer, [ref.id]) : [];
  if (candidates.length === 0) throw new NotFoundError("test run", refText(ref));
  const [run, ...others] = candidates.filter((candidate) => isOf(candidate, place));
  if (run === undefined) {
    const message = `The run "${refText(ref)}" is of another test set or endpoint. Leave testSet and endpoint out, or name a run of theirs.`;
    throw new BadUserInputError(message, [{ field: "input.run", message }], "RUN_OF_ANOTHER_SET");
  }
  if (others.length === 0) return run;
  throw new ConflictError("AMBIGUOUS_NAME", `There are ${others.length + 1} runs "${ref.name}" of the set against the endpoint. Name it by its id.`, { ids: [run, ...others].map(({ id }) => id) });
}
