import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createComparisonLoaders } from "../../src/comparison/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenOwner, givenRun, givenTestSet, type Owner, type ResultSeed, type SeededTestSet } from "../support/seed.js";

const TESTS = 12;
const ALL = ["IMPROVED", "REGRESSED", "UNCHANGED", "ADDED", "REMOVED", "NOT_COMPARABLE"] as const;

let database: TestDatabase;
let owner: Owner;
let testSet: SeededTestSet;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  testSet = await givenTestSet(database.db, owner, { tests: TESTS });
});
afterAll(() => database.drop());

/** A run as it is drawn: null is a planned result without a row. */
interface Drawn {
  readonly positions: readonly number[];
  readonly trials: number;
  readonly statuses: readonly (ResultSeed["status"] | null)[];
}

const drawn: fc.Arbitrary<Drawn> = fc
  .record({ positions: fc.subarray(Array.from({ length: TESTS }, (_, index) => index + 1), { minLength: 1 }), trials: fc.integer({ min: 1, max: 4 }), isOpen: fc.boolean() })
  .chain(({ positions, trials, isOpen }) => {
    const unfinished: (ResultSeed["status"] | null)[] = isOpen ? [null, "RUNNING"] : [];
    const statuses = fc.constantFrom<ResultSeed["status"] | null>("PASSED", "PASSED", "FAILED", "FAILED", "ERROR", ...unfinished);
    return fc.array(statuses, { minLength: positions.length * trials, maxLength: positions.length * trials }).map((list) => ({ positions, trials, statuses: list }));
  });

async function store({ positions, trials, statuses }: Drawn): Promise<string> {
  const results = statuses.flatMap((status, index): ResultSeed[] => (status === null ? [] : [{ ordinal: index + 1, status }]));
  const isOver = statuses.every((status) => status !== null && status !== "RUNNING");
  return (await givenRun(database.db, owner, { testSet, positions, trials, results, status: isOver ? "PARTIAL" : "RUNNING" })).id;
}

/** Passes minus fails of the test at the position; null where the run does not have it. */
function votes({ positions, trials, statuses }: Drawn, position: number): number | null {
  const place = positions.indexOf(position);
  if (place === -1) return null;
  return statuses.slice(place * trials, (place + 1) * trials).reduce((sum, status) => sum + (status === "PASSED" ? 1 : status === "FAILED" ? -1 : 0), 0);
}

/** The definition, test by test, in the order of the list. */
function expected(baseline: Drawn, candidate: Drawn): { position: number; outcome: (typeof ALL)[number] }[] {
  const order = [...candidate.positions, ...baseline.positions.filter((position) => !candidate.positions.includes(position))];
  return order.map((position) => {
    const [before, now] = [votes(baseline, position), votes(candidate, position)];
    if (before === null) return { position, outcome: "ADDED" };
    if (now === null) return { position, outcome: "REMOVED" };
    if (before === 0 || now === 0) return { position, outcome: "NOT_COMPARABLE" };
    return { position, outcome: before > 0 === now > 0 ? "UNCHANGED" : now > 0 ? "IMPROVED" : "REGRESSED" };
  });
}

it("counts and lists of any two runs are those of the definition, whichever way they are read", async () => {
  const positionOf = new Map(testSet.tests.map((test) => [test.id, test.position]));
  await fc.assert(
    fc.asyncProperty(drawn, drawn, fc.integer({ min: 1, max: 5 }), async (baseline, candidate, size) => {
      const key = `${await store(baseline)} ${await store(candidate)}`;
      const loaders = createComparisonLoaders(database.db, owner, { cache: false });
      const model = expected(baseline, candidate);
      const count = (outcome: string): number => model.filter((each) => each.outcome === outcome).length;
      expect(await loaders.summary.load(key)).toEqual({ improved: count("IMPROVED"), regressed: count("REGRESSED"), unchanged: count("UNCHANGED"), added: count("ADDED"), removed: count("REMOVED"), notComparable: count("NOT_COMPARABLE") });
      for (const outcome of [null, ALL]) {
        const listed: { position: number | undefined; outcome: string }[] = [];
        for (let after: string | null = null, more = true; more; ) {
          const page = await loaders.tests.load({ parentId: key, args: { filter: { outcome, search: null }, page: { first: size, after } } });
          listed.push(...page.rows.map((row) => ({ position: positionOf.get(row.testId), outcome: row.outcome })));
          [after, more] = [page.cursors.at(-1) ?? null, page.hasNextPage];
        }
        expect(listed).toEqual(model);
      }
    }),
    { numRuns: 20 },
  );
});
