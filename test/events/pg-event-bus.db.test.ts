import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PgEventBus } from "../../src/events/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait-for.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Two buses: as two processes have them. */
let here: PgEventBus;
let there: PgEventBus;
beforeEach(async () => {
  here = new PgEventBus({ url: database.url, applicationName: "bus-here" });
  there = new PgEventBus({ url: database.url, applicationName: "bus-there" });
  await Promise.all([here.start(), there.start()]);
});
afterEach(() => Promise.all([here.close(), there.close()]));

function listen(bus: PgEventBus, topic: string): string[] {
  const heard: string[] = [];
  bus.subscribe(topic, (key) => heard.push(key));
  return heard;
}

/** Everything published before has been delivered when this has: notifications come in the order of their commits. */
async function settle(...buses: PgEventBus[]): Promise<void> {
  const marks = buses.map((bus) => listen(bus, "mark"));
  await here.publish(database.db, "mark", "end");
  await eventually(() => expect(marks.every((mark) => mark.includes("end"))).toBe(true));
}

async function countSessions(applicationName: string): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>("select count(*) as n from pg_stat_activity where application_name = $1 and datname = current_database()", [applicationName]);
  return Number(rows[0]?.n);
}

async function terminate(applicationName: string): Promise<void> {
  await eventually(async () => expect(await countSessions(applicationName)).toBe(1)); // the one of before may be on its way out
  await database.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database()", [applicationName]);
}

describe("the event bus", () => {
  it("tells every process, the publishing one included, in the order of the commits", async () => {
    const heard = [listen(here, "runs"), listen(there, "runs")];
    for (const key of ["a", "b", "c"]) await here.publish(database.db, "runs", key);
    await settle(here, there);
    expect(heard).toEqual([["a", "b", "c"], ["a", "b", "c"]]);
  });

  it("tells nobody before the transaction commits, and nobody at all when it rolls back", async () => {
    const heard = listen(there, "runs");
    await database.db.transaction().execute(async (trx) => {
      await here.publish(trx, "runs", "committed");
      await settle(there);
      expect(heard).toEqual([]);
    });
    await eventually(() => expect(heard).toEqual(["committed"]));
    await expect(
      database.db.transaction().execute(async (trx) => {
        await here.publish(trx, "runs", "rolled back");
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    await settle(there);
    expect(heard).toEqual(["committed"]);
  });

  it("keeps topics apart, also where one begins like another, and keys whole", async () => {
    const [runs, run, control] = [listen(there, "runs"), listen(there, "run"), listen(there, "run control")];
    await here.publish(database.db, "runs", "a b  c");
    await here.publish(database.db, "run", "");
    await settle(there);
    expect({ runs, run, control }).toEqual({ runs: ["a b  c"], run: [""], control: [] });
  });

  it("tells a listener no more after it has stopped, and the others still", async () => {
    const heard: string[] = [];
    const stop = there.subscribe("runs", (key) => heard.push(key));
    const other = listen(there, "runs");
    await here.publish(database.db, "runs", "a");
    await settle(there);
    stop();
    stop();
    await here.publish(database.db, "runs", "b");
    await settle(there);
    expect({ heard, other }).toEqual({ heard: ["a"], other: ["a", "b"] });
  });

  it("comes back after its connection was ended, and says that facts may have been missed", async () => {
    let gaps = 0;
    const stop = there.onGap(() => (gaps += 1));
    const heard = listen(there, "runs");
    await terminate("bus-there");
    await here.publish(database.db, "runs", "missed");
    await eventually(() => expect(gaps).toBe(1));
    await here.publish(database.db, "runs", "heard");
    await eventually(() => expect(heard).toContain("heard"));
    stop();
    await terminate("bus-there");
    await eventually(async () => {
      await here.publish(database.db, "runs", "again");
      expect(heard).toContain("again");
    });
    expect(gaps).toBe(1);
  });

  it("listens on one connection however many topics there are, and on none when it is closed", async () => {
    for (const topic of ["a", "b", "c"]) listen(there, topic);
    await there.start();
    expect(await countSessions("bus-there")).toBe(1);
    await there.close();
    await eventually(async () => expect(await countSessions("bus-there")).toBe(0));
  });

  it("cannot start where no database is", async () => {
    const nowhere = new PgEventBus({ url: "postgres://u:p@127.0.0.1:9/none", applicationName: "bus-nowhere" });
    await expect(nowhere.start()).rejects.toThrow(/ECONNREFUSED/);
    await nowhere.close();
  });
});
