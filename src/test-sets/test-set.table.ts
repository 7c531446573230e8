import type { ColumnType } from "kysely";
import type { Label } from "./label.js";
import type { ConversationPlan } from "./test.js";
import type { JsonObject, TestType } from "./test-set.js";

/** jsonb: text on the way in, parsed on the way out. */
type Json<T> = ColumnType<T, string, string>;

export interface TestSetTable {
  organizationId: string;
  id: string;
  projectId: string;
  name: string;
  description: string | null;
  type: TestType;
  version: number;
  testCount: number;
  lastPosition: number;
  runCount: number;
  tags: readonly string[];
  attributes: Json<JsonObject>;
  createdById: string | null;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

export interface PromptTable {
  organizationId: string;
  id: string;
  content: string;
  expectedResponse: string | null;
  languageCode: string | null;
  context: Json<readonly string[]>;
}

export interface TestTable {
  organizationId: string;
  id: string;
  testSetId: string;
  position: number;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

export interface TestRevisionTable {
  organizationId: string;
  id: string;
  testId: string;
  testSetId: string;
  position: number;
  addedInVersion: number;
  removedInVersion: number | null;
  type: TestType;
  key: string | null;
  promptId: string | null;
  conversation: Json<ConversationPlan | null>;
  behaviorId: string | null;
  categoryId: string | null;
  topicId: string | null;
  useCaseId: string | null;
  tags: readonly string[];
  metadata: Json<JsonObject>;
}

declare module "../db/database.js" {
  interface Database {
    testSets: TestSetTable;
    prompts: PromptTable;
    tests: TestTable;
    testRevisions: TestRevisionTable;
    behaviors: Label;
    categories: Label;
    topics: Label;
    useCases: Label;
  }
}
