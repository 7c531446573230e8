import { type Db, type Page, type PageArgs, parsePaging } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { TestResult } from "./result.js";
import type { TestResultFilter } from "./result-filter.js";
import { pageResults } from "./result-list.js";
import { listOrder, type TestResultOrder } from "./result-order.js";
import type { ResultParents } from "./result-page.repository.js";

/** What a list of results is asked for by; the cursors of one are no cursors of another. */
export interface ResultListArgs {
  /** As `normalizeResultFilter` makes it. */
  readonly filter: TestResultFilter;
  readonly orderBy: TestResultOrder;
  readonly page: PageArgs;
}

/** A page of each list. BAD_USER_INPUT for paging arguments. */
export function pageOfResults(db: Db, scope: Scope, parents: ResultParents, { filter, orderBy, page }: ResultListArgs): Promise<ReadonlyMap<string, Page<TestResult>>> {
  const order = listOrder(orderBy, filter, parents.kind !== "run");
  return pageResults(db, scope, { parents, filter, order }, parsePaging(page, ["testResults", orderBy, filter]));
}
