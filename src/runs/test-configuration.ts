import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import { storableJson } from "../db/index.js";
import { canonicalJson } from "../endpoints/index.js";
import type { Problem } from "../errors.js";
import { normalizeTestFilter, type TestFilter } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";
import type { TestConfigurationTable } from "./run.table.js";

/** Reusable settings of an execution: which tests of a set go to which endpoint, and how. */
export type TestConfiguration = Selectable<TestConfigurationTable>;

/** The tests that a configuration takes, by what they are labelled with. */
export type ConfigurationFilter = Pick<TestConfiguration, "behaviorId" | "categoryId" | "topicId" | "promptId" | "useCaseId">;

/** What a configuration says. */
export type ConfigurationContent = ConfigurationFilter & Pick<TestConfiguration, "endpointId" | "testSetId" | "mode" | "trials"> & { readonly attributes: Readonly<Record<string, unknown>> };

/** The filter's fields in their order, which is that of the contract's inputs. */
export const FILTER_FIELDS = ["behaviorId", "categoryId", "topicId", "promptId", "useCaseId"] as const satisfies readonly (keyof ConfigurationFilter)[];

/** The filter as tests are selected by it; null for one that says nothing. */
export function filterOf({ behaviorId, categoryId, topicId, promptId, useCaseId }: ConfigurationFilter): TestFilter | null {
  return normalizeTestFilter({ behaviorId, categoryId, topicId, promptId, useCaseId });
}

/** What is wrong with which tests it takes: without a set and a filter it would be every test of a project. */
export function filterProblems(content: ConfigurationFilter & { readonly testSetId: string | null }): Problem[] {
  if (content.testSetId !== null || filterOf(content) !== null) return [];
  return [{ field: "input", message: "A configuration without a test set needs at least one of behaviorId, categoryId, topicId, promptId and useCaseId." }];
}

/** SHA-256 over what it says: executeTestSet reuses an equal one. */
export function contentHashOf(content: ConfigurationContent): string {
  const { endpointId, testSetId, behaviorId, categoryId, topicId, promptId, useCaseId, mode, trials, attributes } = content;
  return createHash("sha256").update(canonicalJson({ endpointId, testSetId, behaviorId, categoryId, topicId, promptId, useCaseId, mode, trials, attributes })).digest("hex");
}

/** The row of a new configuration. */
export function configurationRow(scope: Scope, { attributes, ...rest }: ConfigurationContent & { readonly id: string; readonly createdAt: Date }) {
  return { organizationId: scope.organizationId, ...rest, attributes: storableJson(attributes), contentHash: contentHashOf({ ...rest, attributes }), deletedAt: null };
}
