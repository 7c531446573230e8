import type { Migration } from "kysely/migration";
import * as m0001 from "./0001_create_accounts.js";
import * as m0002 from "./0002_create_test_sets.js";
import * as m0003 from "./0003_create_endpoints.js";
import * as m0004 from "./0004_create_metrics.js";
import * as m0005 from "./0005_create_experiments.js";
import * as m0006 from "./0006_create_test_runs.js";
import * as m0007 from "./0007_create_test_results.js";
import * as m0008 from "./0008_create_reviews.js";
import * as m0009 from "./0009_create_evaluations.js";

/** All migrations by name, in order. A list rather than a folder that is read: the build ships it as plain JavaScript. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001_create_accounts": m0001,
  "0002_create_test_sets": m0002,
  "0003_create_endpoints": m0003,
  "0004_create_metrics": m0004,
  "0005_create_experiments": m0005,
  "0006_create_test_runs": m0006,
  "0007_create_test_results": m0007,
  "0008_create_reviews": m0008,
  "0009_create_evaluations": m0009,
};
