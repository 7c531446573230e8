import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findFirstOpenOrdinal } from "../../src/execution/lane-progress.repository.js";
import { laneOrdinals } from "../../src/runs/lanes.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenOwner, givenRun, givenTestSet } from "../support/seed.js";

const TOTAL = 700;
const LANES = 3;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe("where a lane goes on after a crash", () => {
  it("is its first result without a verdict, whatever is done in other lanes and further on", async () => {
    const owner = await givenOwner(database.db);
    const testSet = await givenTestSet(database.db, owner, { tests: TOTAL });
    const open = new Set([130, 131, 200, 385, 699, 700]);
    const results = Array.from({ length: TOTAL }, (_, index) => ({ ordinal: index + 1, status: open.has(index + 1) ? ("RUNNING" as const) : ("PASSED" as const) })).filter(({ ordinal }) => ordinal !== 700);
    const run = await givenRun(database.db, owner, { testSet, results, lanes: LANES });
    for (let lane = 0; lane < LANES; lane += 1) {
      const ordinals = laneOrdinals({ from: 1, lane, laneCount: LANES, total: TOTAL, limit: TOTAL });
      for (const from of [1, 64, 65, 129, 131, 132, 300, 386, 640, 700]) {
        const expected = ordinals.find((ordinal) => ordinal >= from && open.has(ordinal)) ?? null;
        expect({ lane, from, found: await findFirstOpenOrdinal(database.db, owner, { runId: run.id, lane, laneCount: LANES, from, total: TOTAL }) }).toEqual({ lane, from, found: expected });
      }
    }
  });
});
