import { buildSchema } from "graphql";
import { describe, expect, test } from "vitest";
import { createOfflineSchema } from "../../src/app/offline-schema.js";
import { agreement } from "../contract/agreement.js";
import { readContract, readMissing } from "../contract/files.js";

// The contract is what clients were promised. What is built must be exactly that; what is not built yet is listed, and
// the list only shrinks.
const { different, foreign, missing } = agreement(readContract(), createOfflineSchema());

describe("the contract", () => {
  test("is what the schema says wherever both speak", () => {
    expect(different).toEqual([]);
  });

  test("has everything that the schema has", () => {
    expect(foreign).toEqual([]);
  });

  test("lacks in the schema what test/contract/missing.txt lists, and nothing else", () => {
    expect({ lost: missing.filter((one) => !readMissing().includes(one)), 'built, so "npm run schema" takes it off the list': readMissing().filter((one) => !missing.includes(one)) }).toEqual({
      lost: [],
      'built, so "npm run schema" takes it off the list': [],
    });
  });
});

describe("the comparison with the contract", () => {
  const contract = buildSchema(`
    interface Node { id: ID! }
    type Query { run(id: ID!, first: Int! = 20): Run old: Int @deprecated }
    type Run implements Node { id: ID! status: Status! }
    enum Status { DONE FAILED }
    input Ref @oneOf { id: ID name: String }
    union Thing = Run
  `);
  const against = (sdl: string) => agreement(contract, buildSchema(sdl));

  test("finds another nullability, default, kind and directive", () => {
    const { different } = against(`
      type Query { run(id: ID, first: Int! = 10): Run old: Int }
      type Run { id: ID! status: Status }
      type Status { id: ID }
      input Ref { id: ID name: String }
    `);
    expect(different.map((line) => line.split(" ")[0])).toEqual(["Query.run(id:)", "Query.run(first:)", "Query.old", "Run.status", "Status", "Ref"]);
  });

  test("finds what is missing, down to arguments, enum values, members and interfaces", () => {
    const { missing } = against("type Query { run(id: ID!): Run } type Run { id: ID! status: Status! } enum Status { DONE }");
    expect(missing).toEqual(["Node", "Node.id", "Query.old", "Query.run(first:)", "Ref", "Ref.id", "Ref.name", "Run implements Node", "Status.FAILED", "Thing", "Thing | Run"]);
  });

  test("finds what the contract does not have", () => {
    expect(against("type Query { run(id: ID!, more: Int): Run } type Run { id: ID! extra: Int }").foreign).toEqual(["Query.run(more:)", "Run.extra"]);
  });
});
