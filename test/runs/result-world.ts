import fc from "fast-check";
import type { Db } from "../../src/db/index.js";
import { IdKind, newId, resultId } from "../../src/ids.js";
import type { ResultErrorType, TestResultStatus } from "../../src/runs/result.js";
import { ACTIVE_STATUSES, type TestRunStatus } from "../../src/runs/run.js";
import { givenBehavior, givenEndpoint, givenMetric, givenOwner, givenRun, givenTestSet, type Owner, type ResultSeed, type SeededTestSet, type TestSeed } from "../support/seed.js";

/** A planned result as the lists should show it, kept in memory. */
export interface ModelResult {
  readonly id: string;
  readonly runId: string;
  readonly runSetId: string | null;
  readonly projectId: string;
  readonly endpointId: string;
  readonly testSetId: string;
  readonly testId: string;
  readonly ordinal: number;
  readonly trial: number;
  readonly status: TestResultStatus;
  readonly isStored: boolean;
  readonly latencyMs: number | null;
  readonly finishedAt: number | null;
  readonly errorType: ResultErrorType | null;
  readonly behaviorId: string | null;
  readonly tags: readonly string[];
  readonly text: string;
  readonly output: string | null;
  readonly score: { readonly status: "PASSED" | "FAILED"; readonly score: number } | null;
}

export interface World {
  readonly owner: Owner;
  readonly runIds: readonly string[];
  readonly testIds: readonly string[];
  readonly testSetIds: readonly string[];
  readonly endpointIds: readonly string[];
  readonly projectIds: readonly string[];
  readonly behaviorIds: readonly string[];
  readonly metricName: string;
  readonly results: readonly ModelResult[];
}

interface RunSpec {
  readonly set: number;
  readonly version: 1 | 2;
  readonly trials: number;
  readonly status: TestRunStatus;
  readonly selection: "whole" | "odd" | "alive";
  readonly hasSet: boolean;
  readonly endpoint: number;
  readonly project: number;
  /** Decides what each ordinal is, over and over. */
  readonly dice: readonly Die[];
}
interface Die {
  readonly isStored: boolean;
  readonly status: "PASSED" | "FAILED" | "ERROR" | "RUNNING";
  readonly latencyMs: number | null;
  readonly finishedAt: number | null;
  readonly errorType: ResultErrorType;
  readonly output: string | null;
  readonly score: { readonly status: "PASSED" | "FAILED"; readonly score: number } | null;
}
export interface WorldSpec {
  readonly sets: readonly (readonly { readonly behavior: number | null; readonly tags: readonly string[]; readonly text: string; readonly life: "always" | "first" | "second" }[])[];
  readonly runs: readonly RunSpec[];
}

const TEXTS = ["Alpha beta", "50% of_it", "Gamma"] as const;
const die: fc.Arbitrary<Die> = fc.record({
  isStored: fc.boolean(),
  status: fc.constantFrom("PASSED", "FAILED", "ERROR", "RUNNING"),
  latencyMs: fc.option(fc.constantFrom(1, 2.5, 30), { nil: null }),
  finishedAt: fc.option(fc.constantFrom(1000, 2000, 2001), { nil: null }),
  errorType: fc.constantFrom("HTTP", "TIMEOUT"),
  output: fc.option(fc.constantFrom("", "The ALPHA answer", "x"), { nil: null }),
  score: fc.option(fc.record({ status: fc.constantFrom("PASSED", "FAILED"), score: fc.constantFrom(0, 0.5, 1) }), { nil: null }),
});
const testSpec = fc.record({
  behavior: fc.option(fc.constantFrom(0, 1), { nil: null }),
  tags: fc.subarray(["x", "y"]),
  text: fc.constantFrom(...TEXTS),
  life: fc.oneof({ weight: 4, arbitrary: fc.constant("always" as const) }, { weight: 1, arbitrary: fc.constantFrom("first" as const, "second" as const) }),
});
/** Random sets and runs: mostly small, now and then larger than the first window of a search. */
export const worldSpec: fc.Arbitrary<WorldSpec> = fc.record({
  sets: fc.tuple(fc.array(testSpec, { minLength: 1, maxLength: 9 }), fc.oneof({ weight: 9, arbitrary: fc.array(testSpec, { minLength: 1, maxLength: 9 }) }, { weight: 1, arbitrary: fc.array(testSpec, { minLength: 150, maxLength: 200 }) })),
  runs: fc.array(
    fc.record({
      set: fc.constantFrom(0, 1),
      version: fc.constantFrom(1, 2),
      trials: fc.constantFrom(1, 1, 2, 3),
      status: fc.constantFrom("QUEUED", "RUNNING", "RUNNING", "PAUSED", "CANCELLING", "CANCELLED", "CANCELLED", "COMPLETED", "PARTIAL"),
      selection: fc.constantFrom("whole", "odd", "alive"),
      hasSet: fc.boolean(),
      endpoint: fc.constantFrom(0, 1),
      project: fc.constantFrom(0, 1),
      dice: fc.array(die, { minLength: 1, maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

/** Writes a world into an organization of its own, and answers what its lists should show. */
export async function build(db: Db, spec: WorldSpec): Promise<World> {
  const owner = await givenOwner(db);
  const otherProjectId = newId(IdKind.PROJECT);
  await db.insertInto("projects").values({ organizationId: owner.organizationId, id: otherProjectId, name: "Other", description: null, createdAt: new Date() }).execute();
  const projectIds = [owner.projectId, otherProjectId];
  const behaviorIds = [await givenBehavior(db, owner), await givenBehavior(db, owner)];
  const endpoints = [await givenEndpoint(db, owner), await givenEndpoint(db, owner)];
  const metric = await givenMetric(db, owner);
  const sets: SeededTestSet[] = [];
  for (const tests of spec.sets) {
    const seeds = tests.map((test): TestSeed => ({ content: test.text, behaviorId: test.behavior === null ? null : (behaviorIds[test.behavior] ?? null), tags: test.tags, added: test.life === "second" ? 2 : 1, removed: test.life === "first" ? 2 : null }));
    sets.push(await givenTestSet(db, owner, { tests: seeds, version: 2 }));
  }
  const results: ModelResult[] = [];
  const runIds: string[] = [];
  for (const run of spec.runs) {
    const testSet = sets[run.set];
    const endpoint = endpoints[run.endpoint];
    if (testSet === undefined || endpoint === undefined) continue;
    const planned = planOf(testSet, run);
    if (planned.positions.length === 0) continue;
    const [seeds, running] = rollDice(run, planned.positions.length * run.trials);
    const projectId = projectIds[run.project] ?? owner.projectId;
    const { id } = await givenRun(db, { ...owner, projectId }, {
      testSet, endpoint, metrics: [metric], trials: run.trials, status: run.status, results: seeds, running, lanes: 3, testSetVersion: run.version,
      ...(run.hasSet ? {} : { testSetId: null }), ...(planned.isWhole ? {} : { positions: planned.positions }),
    }); // prettier-ignore
    runIds.push(id);
    results.push(...modelOf({ id, projectId, endpointId: endpoint.id, testSet, run, positions: planned.positions, seeds, running }));
  }
  return { owner, runIds, projectIds, behaviorIds, metricName: metric.name, results, testSetIds: sets.map(({ id }) => id), endpointIds: endpoints.map(({ id }) => id), testIds: sets.flatMap((set) => set.tests.slice(0, 5).map(({ id }) => id)) };
}

function planOf(testSet: SeededTestSet, run: RunSpec): { positions: number[]; isWhole: boolean } {
  const alive = testSet.tests.filter(({ seed }) => (seed.added ?? 1) <= run.version && (seed.removed == null || seed.removed > run.version)).map(({ position }) => position);
  if (run.selection === "whole" && alive.length === testSet.tests.length) return { positions: alive, isWhole: true };
  return { positions: run.selection === "odd" ? alive.filter((position) => position % 2 === 1) : alive, isWhole: false };
}

function rollDice(run: RunSpec, total: number): [ResultSeed[], number[]] {
  const isActive = ACTIVE_STATUSES.includes(run.status);
  const running: number[] = [];
  const seeds: ResultSeed[] = [];
  for (let ordinal = 1; ordinal <= total; ordinal += 1) {
    const roll = run.dice[ordinal % run.dice.length];
    if (roll === undefined) continue;
    const isDone = !isActive && run.status !== "CANCELLED";
    if (!isDone && !roll.isStored) {
      if (isActive && roll.latencyMs === 1) running.push(ordinal);
      continue;
    }
    const status = roll.status !== "RUNNING" || isActive ? roll.status : isDone ? "PASSED" : "CANCELLED";
    if (status === "RUNNING") running.push(ordinal);
    seeds.push({
      ordinal, status, latencyMs: roll.latencyMs, finishedAt: roll.finishedAt === null || status === "RUNNING" ? null : new Date(roll.finishedAt), output: roll.output,
      errorType: status === "ERROR" ? roll.errorType : null, metricResults: roll.score === null ? [] : [roll.score],
    }); // prettier-ignore
  }
  return [seeds, running];
}

function modelOf(args: { id: string; projectId: string; endpointId: string; testSet: SeededTestSet; run: RunSpec; positions: readonly number[]; seeds: readonly ResultSeed[]; running: readonly number[] }): ModelResult[] {
  const byOrdinal = new Map(args.seeds.map((seed) => [seed.ordinal, seed]));
  return Array.from({ length: args.positions.length * args.run.trials }, (_, index): ModelResult => {
    const ordinal = index + 1;
    const seed = byOrdinal.get(ordinal);
    const test = args.testSet.tests[(args.positions[Math.floor(index / args.run.trials)] ?? 0) - 1];
    if (test === undefined) throw new Error("no test");
    const unstored = args.run.status === "CANCELLED" ? "CANCELLED" : args.running.includes(ordinal) ? "RUNNING" : "PENDING";
    const [score] = seed?.metricResults ?? [];
    return {
      id: resultId(args.id, ordinal), runId: args.id, runSetId: args.run.hasSet ? args.testSet.id : null, projectId: args.projectId, endpointId: args.endpointId, testSetId: args.testSet.id,
      testId: test.id, ordinal, trial: (index % args.run.trials) + 1, status: seed?.status ?? unstored, isStored: seed !== undefined, latencyMs: seed?.latencyMs ?? null,
      finishedAt: seed?.finishedAt == null ? null : new Date(seed.finishedAt).getTime(), errorType: seed?.errorType ?? null, behaviorId: test.seed.behaviorId ?? null,
      tags: test.seed.tags ?? [], text: test.seed.content ?? "", output: seed?.output ?? null, score: score == null ? null : { status: score.status as "PASSED", score: score.score ?? 0 },
    }; // prettier-ignore
  });
}
