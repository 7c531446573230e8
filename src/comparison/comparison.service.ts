import type { Db } from "../db/index.js";
import { IdKind, isId } from "../ids.js";
import { findRunsByIds } from "../runs/index.js";
import type { Scope } from "../viewer.js";
import { derivedId, type TestRunComparison } from "./comparison.js";

/** Puts runs side by side. What a comparison shows is read by loaders, each part only where it is asked for. */
export class ComparisonService {
  readonly #db: Db;

  constructor(deps: { db: Db }) {
    this.#db = deps.db;
  }

  /** Two runs, finished or not: a test without a verdict in one of them is NOT_COMPARABLE. Null when one of them is not there. */
  async compare(scope: Scope, baselineId: string, candidateId: string): Promise<TestRunComparison | null> {
    if (!isId(baselineId, IdKind.TEST_RUN) || !isId(candidateId, IdKind.TEST_RUN)) return null;
    const runs = await findRunsByIds(this.#db, scope, [baselineId, candidateId]);
    const [baseline, candidate] = [baselineId, candidateId].map((id) => runs.find((run) => run.id === id));
    return baseline === undefined || candidate === undefined ? null : toComparison(baseline, candidate);
  }
}

/** The comparison of two runs. */
export function toComparison(baseline: TestRunComparison["baseline"], candidate: TestRunComparison["candidate"]): TestRunComparison {
  return { id: derivedId("comparison", baseline.id, candidate.id), baseline, candidate };
}
