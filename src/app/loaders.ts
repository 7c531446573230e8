import { createAccountsLoaders } from "../accounts/index.js";
import { createComparisonLoaders, createTestHistoryLoaders } from "../comparison/index.js";
import type { Db, LoaderOptions } from "../db/index.js";
import { createEndpointLoaders } from "../endpoints/index.js";
import { createExperimentLoaders } from "../experiments/index.js";
import { createEvaluationLoaders } from "../evaluation/index.js";
import type { Loaders } from "../graphql/index.js";
import { createMetricsLoaders } from "../metrics/index.js";
import { createResultLoaders, createRunLoaders, createSummaryLoaders } from "../runs/index.js";
import { createReviewLoaders } from "../reviews/index.js";
import { createTestSetLoaders } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";
import type { Services } from "./services.js";

/** The loaders of one viewer, composed from what the rooms declare: a forgotten room does not compile. */
export function createLoaders(db: Db, scope: Scope, options: LoaderOptions, services: Pick<Services, "runSummaries">): Loaders {
  return {
    accounts: createAccountsLoaders(db, scope, options),
    comparison: createComparisonLoaders(db, scope, options),
    endpoints: createEndpointLoaders(db, scope, options),
    evaluation: createEvaluationLoaders(db, scope, options),
    experiments: createExperimentLoaders(db, scope, options),
    metrics: createMetricsLoaders(db, scope, options),
    results: createResultLoaders(db, scope, options),
    reviews: createReviewLoaders(db, scope, options),
    runs: createRunLoaders(db, scope, options),
    summaries: createSummaryLoaders(db, scope, options, services.runSummaries),
    testHistories: createTestHistoryLoaders(db, scope, options),
    testSets: createTestSetLoaders(db, scope, options),
  } satisfies Loaders;
}
