import { searchedText } from "../texts.js";
import type { TestType } from "./test-set.js";

/** Which tests of a set are meant; the fields are ANDed, and an ill-formed id matches nothing. */
export interface TestFilter {
  readonly ids?: readonly string[] | null | undefined;
  /** Text anywhere in the prompt, its expected response, the goal, a scripted turn or the key, ignoring case. */
  readonly search?: string | null | undefined;
  readonly type?: TestType | null | undefined;
  readonly behaviorId?: string | null | undefined;
  readonly categoryId?: string | null | undefined;
  readonly topicId?: string | null | undefined;
  readonly useCaseId?: string | null | undefined;
  readonly promptId?: string | null | undefined;
  /** The test carries each of these. */
  readonly tags?: readonly string[] | null | undefined;
}

const FIELDS = ["ids", "search", "type", "behaviorId", "categoryId", "topicId", "useCaseId", "promptId", "tags"] as const satisfies readonly (keyof TestFilter)[];

/** The filter with only the fields that say something, in one order, so that equal filters are equal as JSON; null for one that says nothing. */
export function normalizeTestFilter(filter: TestFilter | null | undefined): TestFilter | null {
  if (filter == null) return null;
  const asked = { ...filter, search: searchedText(filter.search) };
  const said = FIELDS.filter((field) => asked[field] != null && !(field === "tags" && asked.tags?.length === 0));
  return said.length === 0 ? null : Object.fromEntries(said.map((field) => [field, asked[field]]));
}
