import { describe, expect, it } from "vitest";
import { assertNotDeleted, findByRefs, getByRef, type RefSource } from "../src/entity-ref.js";
import { ConflictError, FailedPreconditionError, NotFoundError } from "../src/errors.js";
import { IdKind, newId } from "../src/ids.js";

interface Thing {
  readonly id: string;
  readonly name: string;
}
const thing = (name: string): Thing => ({ id: newId(IdKind.TEST_SET), name });
const [alpha, beta, twin, otherTwin] = [thing("Alpha"), thing("ÄRGER"), thing("Twin"), thing("tWIN")] as const;

/** Keeps what it was asked for. */
function source(): RefSource<Thing> & { asked: { ids: string[][]; names: string[][] } } {
  const all = [alpha, beta, twin, otherTwin];
  const asked = { ids: [] as string[][], names: [] as string[][] };
  return {
    kind: IdKind.TEST_SET,
    thing: "test set",
    asked,
    findByIds: (ids) => {
      asked.ids.push([...ids]);
      return Promise.resolve(all.filter((each) => ids.includes(each.id)));
    },
    findByNames: (names) => {
      asked.names.push([...names]);
      return Promise.resolve(all.filter((each) => names.some((name) => name.toLowerCase() === each.name.toLowerCase())));
    },
  };
}

describe("findByRefs", () => {
  it("answers in the order of the refs, with null for what is not there, in one look for ids and one for names", async () => {
    const from = source();
    const unknown = newId(IdKind.TEST_SET);
    const found = await findByRefs(from, [{ name: "alpha" }, { id: beta.id }, { id: unknown }, { name: "nothing" }, { name: "ALPHA" }, { id: beta.id }, { name: "ärger" }]);
    expect(found).toEqual([alpha, beta, null, null, alpha, beta, beta]);
    expect(from.asked).toEqual({ ids: [[beta.id, unknown]], names: [["alpha", "nothing", "ALPHA", "ärger"]] });
  });

  it("takes an ill-formed id or one of another kind for one that is not there, without asking", async () => {
    const from = source();
    expect(await findByRefs(from, [{ id: "1; drop table" }, { id: newId(IdKind.TEST) }, { id: "" }, { id: alpha.id.toUpperCase() }])).toEqual([null, null, null, null]);
    expect(from.asked).toEqual({ ids: [], names: [] });
  });

  it("asks nothing for no refs", async () => {
    const from = source();
    expect(await findByRefs(from, [])).toEqual([]);
    expect(from.asked).toEqual({ ids: [], names: [] });
  });

  it("refuses a name that several have, with their ids", async () => {
    const refused = findByRefs(source(), [{ name: "alpha" }, { name: "TWIN" }]);
    await expect(refused).rejects.toBeInstanceOf(ConflictError);
    await expect(refused).rejects.toMatchObject({ reason: "AMBIGUOUS_NAME", details: { ids: [twin.id, otherTwin.id] } });
    expect(await findByRefs(source(), [{ id: twin.id }])).toEqual([twin]);
  });
});

describe("getByRef", () => {
  it("is the thing, or NOT_FOUND that names what was asked for", async () => {
    expect(await getByRef(source(), { name: "Alpha" })).toBe(alpha);
    await expect(getByRef(source(), { name: "Gamma" })).rejects.toThrow(/test set "Gamma"/);
    await expect(getByRef(source(), { id: "nonsense" })).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe("assertNotDeleted", () => {
  it("lets pass what is there and refuses what was deleted as DELETED", () => {
    const present = { ...alpha, deletedAt: null };
    expect(assertNotDeleted("test set", present)).toBe(present);
    const deleted = { ...alpha, deletedAt: new Date("2026-01-02T03:04:05.678Z") };
    expect(() => assertNotDeleted("test set", deleted)).toThrow(FailedPreconditionError);
    expect(() => assertNotDeleted("test set", deleted)).toThrow(/2026-01-02T03:04:05\.678Z/);
  });
});
