import type { Selectable } from "kysely";
import type { Problem } from "../errors.js";
import { nameProblems } from "../texts.js";
import type { TestSetTable } from "./test-set.table.js";

/** Whether a test is one question or a conversation. All tests of a set are of its type. */
export const TestType = { SINGLE_TURN: "SINGLE_TURN", MULTI_TURN: "MULTI_TURN" } as const;
export type TestType = (typeof TestType)[keyof typeof TestType];

/** A named, versioned list of tests in a project. */
export type TestSet = Selectable<TestSetTable>;

/** A JSON object: names to JSON values. */
export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_TAGS = 100;

/** What is wrong with a list of tags. */
export function tagProblems(field: string, tags: readonly string[]): Problem[] {
  if (tags.length > MAX_TAGS) return [{ field, message: `There may be ${MAX_TAGS} tags; there are ${tags.length}.` }];
  return tags.flatMap((tag, index) => nameProblems(`${field}.${index}`, tag));
}
