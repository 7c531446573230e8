import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, oneByKey, type Page } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Label } from "./label.js";
import { findLabelsByIds } from "./label.repository.js";
import type { Prompt, Test, TestRevision } from "./test.js";
import { findPromptsByIds } from "./test-content.repository.js";
import type { TestFilter } from "./test-filter.js";
import { countTestsBySetIds, findTestsByIds, pageTestsBySetIds, type TestListArgs } from "./test.repository.js";
import { findRevisionsByIds } from "./test-revision.repository.js";
import type { TestSet } from "./test-set.js";
import { findTestSetsByIds } from "./test-set.repository.js";

export interface TestSetLoaders {
  readonly testSetById: DataLoader<string, TestSet | null>;
  readonly testById: DataLoader<string, Test | null>;
  readonly revisionById: DataLoader<string, TestRevision | null>;
  readonly promptById: DataLoader<string, Prompt | null>;
  readonly behaviorById: DataLoader<string, Label | null>;
  readonly categoryById: DataLoader<string, Label | null>;
  readonly topicById: DataLoader<string, Label | null>;
  readonly useCaseById: DataLoader<string, Label | null>;
  /** The page of each set's present tests. */
  readonly testsPage: DataLoader<ChildKey<TestListArgs>, Page<Test>, string>;
  /** How many of each set's present tests match. */
  readonly testsCount: DataLoader<ChildKey<{ filter: TestFilter | null }>, number, string>;
}

/** The loaders of one viewer over test sets. */
export function createTestSetLoaders(db: Db, scope: Scope, options: LoaderOptions): TestSetLoaders {
  return {
    testSetById: oneByKey(options, (ids) => findTestSetsByIds(db, scope, ids), (row) => row.id),
    testById: oneByKey(options, (ids) => findTestsByIds(db, scope, ids), (row) => row.id),
    revisionById: oneByKey(options, (ids) => findRevisionsByIds(db, scope, ids), (row) => row.id),
    promptById: oneByKey(options, (ids) => findPromptsByIds(db, scope, ids), (row) => row.id),
    behaviorById: oneByKey(options, (ids) => findLabelsByIds(db, scope, "behavior", ids), (row) => row.id),
    categoryById: oneByKey(options, (ids) => findLabelsByIds(db, scope, "category", ids), (row) => row.id),
    topicById: oneByKey(options, (ids) => findLabelsByIds(db, scope, "topic", ids), (row) => row.id),
    useCaseById: oneByKey(options, (ids) => findLabelsByIds(db, scope, "useCase", ids), (row) => row.id),
    testsPage: byParentAndArgs(options, (ids, args) => pageTestsBySetIds(db, scope, ids, args), () => EMPTY_PAGE),
    testsCount: byParentAndArgs(options, (ids, { filter }) => countTestsBySetIds(db, scope, ids, filter), () => 0),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    testSets: TestSetLoaders;
  }
}
