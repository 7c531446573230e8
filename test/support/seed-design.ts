import type { Db } from "../../src/db/index.js";
import { IdKind, newId } from "../../src/ids.js";
import type { Scope } from "../../src/viewer.js";

/** Whose rows are written, and in which project. */
export interface Owner extends Scope {
  readonly projectId: string;
}

/** A test as it is in versions `added` up to (without) `removed` of its set. */
export interface TestSeed {
  readonly content?: string;
  readonly behaviorId?: string | null;
  readonly tags?: readonly string[];
  readonly metadata?: Record<string, unknown>;
  /** Makes it a conversation. */
  readonly goal?: string;
  readonly added?: number;
  readonly removed?: number | null;
}
export interface SeededTest {
  readonly id: string;
  readonly revisionId: string;
  readonly position: number;
  readonly seed: TestSeed;
}
export interface SeededTestSet {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly tests: readonly SeededTest[];
}
export interface SeededEndpoint {
  readonly id: string;
  readonly versionId: string;
}
export interface SeededMetric {
  readonly id: string;
  readonly versionId: string;
  readonly name: string;
}

/** When seeded things were made. */
export const NOW = new Date("2026-11-20T10:00:00.000Z");
let counter = 0;

/** Grows with every call: names and times that differ. */
export function nextNumber(): number {
  counter += 1;
  return counter;
}

/** Another organization with its default project. */
export async function givenOwner(db: Db): Promise<Owner> {
  const [organizationId, projectId] = [newId(IdKind.ORGANIZATION), newId(IdKind.PROJECT)];
  await db.insertInto("organizations").values({ id: organizationId, name: "Seeded", defaultProjectId: projectId, createdAt: NOW }).execute();
  await db.insertInto("projects").values({ organizationId, id: projectId, name: "Default", description: null, createdAt: NOW }).execute();
  return { organizationId, projectId };
}

/** The default project of a viewer's organization. */
export async function ownerOf(db: Db, scope: Scope): Promise<Owner> {
  const row = await db.selectFrom("organizations").select("defaultProjectId").where("id", "=", scope.organizationId).executeTakeFirstOrThrow();
  return { organizationId: scope.organizationId, projectId: row.defaultProjectId };
}

/** A set with tests at positions from 1; `version` is its present one. */
export async function givenTestSet(db: Db, owner: Owner, args: { name?: string; tests?: number | readonly TestSeed[]; version?: number } = {}): Promise<SeededTestSet> {
  const { organizationId, projectId } = owner;
  const seeds = typeof args.tests === "object" ? args.tests : Array.from({ length: args.tests ?? 2 }, (_, index): TestSeed => ({ content: `Question ${index + 1}` }));
  const set = { id: newId(IdKind.TEST_SET), name: args.name ?? `Set ${nextNumber()}`, version: args.version ?? 1 };
  const tests = seeds.map((seed, index) => ({ id: newId(IdKind.TEST), revisionId: newId(IdKind.TEST_REVISION), promptId: newId(IdKind.PROMPT), position: index + 1, seed }));
  const type = seeds.some((seed) => seed.goal !== undefined) ? "MULTI_TURN" : "SINGLE_TURN";
  const times = { createdAt: NOW, updatedAt: NOW };
  await db
    .insertInto("testSets")
    .values({ organizationId, projectId, ...set, ...times, description: null, type, testCount: tests.length, lastPosition: tests.length, runCount: 0, tags: [], attributes: "{}", createdById: null, deletedAt: null })
    .execute();
  for (let start = 0; start < tests.length; start += 1000) {
    const some = tests.slice(start, start + 1000);
    const prompts = some.filter(({ seed }) => seed.goal === undefined);
    if (prompts.length > 0) await db.insertInto("prompts").values(prompts.map(({ promptId, seed }) => ({ organizationId, id: promptId, content: seed.content ?? "Question", expectedResponse: null, languageCode: null, context: "[]" }))).execute();
    await db.insertInto("tests").values(some.map(({ id, position }) => ({ organizationId, id, testSetId: set.id, position, ...times, deletedAt: null }))).execute();
    await db.insertInto("testRevisions").values(some.map((test) => revisionRow(organizationId, set.id, type, test))).execute();
  }
  return { ...set, tests };
}

function revisionRow(organizationId: string, testSetId: string, type: "SINGLE_TURN" | "MULTI_TURN", test: SeededTest & { promptId: string }) {
  const { seed } = test;
  const plan = { goal: seed.goal ?? null, instructions: null, restrictions: null, scenario: null, minTurns: null, maxTurns: 10, scriptedTurns: [] };
  return {
    organizationId,
    id: test.revisionId,
    testId: test.id,
    testSetId,
    position: test.position,
    addedInVersion: seed.added ?? 1,
    removedInVersion: seed.removed ?? null,
    type,
    key: null,
    promptId: seed.goal === undefined ? test.promptId : null,
    conversation: seed.goal === undefined ? (null as unknown as string) : JSON.stringify(plan), // the column may be null; its type says text
    behaviorId: seed.behaviorId ?? null,
    categoryId: null,
    topicId: null,
    useCaseId: null,
    tags: [...(seed.tags ?? [])],
    metadata: JSON.stringify(seed.metadata ?? {}),
  };
}

export async function givenBehavior(db: Db, owner: Owner, name = `Behavior ${nextNumber()}`): Promise<string> {
  const id = newId(IdKind.BEHAVIOR);
  await db.insertInto("behaviors").values({ organizationId: owner.organizationId, id, name, description: null, createdAt: NOW }).execute();
  return id;
}

export async function givenEndpoint(db: Db, owner: Owner, name = `Endpoint ${nextNumber()}`): Promise<SeededEndpoint> {
  const { organizationId, projectId } = owner;
  const [id, versionId] = [newId(IdKind.ENDPOINT), newId(IdKind.ENDPOINT_VERSION)];
  const limits = { timeoutMs: 60_000, maxConcurrency: 10, requestsPerMinute: null, maxAttempts: 3 };
  await db.insertInto("endpoints").values({ organizationId, projectId, id, name, description: null, versionId, credentials: null, ...limits, createdAt: NOW, updatedAt: NOW, deletedAt: null }).execute();
  await db
    .insertInto("endpointVersions")
    .values({
      organizationId, id: versionId, endpointId: id, versionHash: `hash-${id}`, connectionType: "REST", url: "http://127.0.0.1:9/", method: "POST",
      requestHeaders: "{}", queryParams: "{}", requestMapping: null, responseMapping: '{"output":"$.output"}', auth: '{"type":"NONE"}', createdAt: NOW,
    }) // prettier-ignore
    .execute();
  return { id, versionId };
}

export async function givenMetric(db: Db, owner: Owner, args: { name?: string; scoreType?: "NUMERIC" | "CATEGORICAL" | "BINARY" } = {}): Promise<SeededMetric> {
  const { organizationId } = owner;
  const [id, versionId, name] = [newId(IdKind.METRIC), newId(IdKind.METRIC_VERSION), args.name ?? `Metric ${nextNumber()}`];
  await db.insertInto("metrics").values({ organizationId, id, name, kind: "BUILT_IN", scope: ["SINGLE_TURN", "MULTI_TURN"], latestVersion: 1, secret: null, createdAt: NOW, updatedAt: NOW, deletedAt: null }).execute();
  const definition = { name, kind: "BUILT_IN" as const, scoreType: args.scoreType ?? "NUMERIC", builtIn: "equals" };
  await db.insertInto("metricVersions").values({ organizationId, id: versionId, metricId: id, number: 1, definition, createdById: null, createdAt: NOW }).execute();
  return { id, versionId, name };
}
