import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, manyByKey, oneByKey, type Page, type PageArgs, parsePaging, valueByKey } from "../db/index.js";
import { parseResultId, resultId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { JudgeAgreement } from "./agreement.js";
import { type AgreementArgs, findAgreements } from "./agreement.repository.js";
import type { Review } from "./review.js";
import { countReviewsOfRuns, pageReviewsOfRuns } from "./review-page.repository.js";
import { findReviewsByIds, findReviewsOfResults } from "./review.repository.js";

export interface ReviewLoaders {
  readonly byId: DataLoader<string, Review | null>;
  /** By the result's id, the newest first. */
  readonly ofResult: DataLoader<string, readonly Review[]>;
  readonly ofRun: DataLoader<ChildKey<PageArgs>, Page<Review>, string>;
  readonly countOfRun: DataLoader<string, number>;
  /** By the metric's id; null for a version that the metric does not have. */
  readonly agreement: DataLoader<ChildKey<AgreementArgs>, JudgeAgreement | null, string>;
}

/** The loaders of one viewer over reviews. */
export function createReviewLoaders(db: Db, scope: Scope, options: LoaderOptions): ReviewLoaders {
  return {
    byId: oneByKey(options, (ids) => findReviewsByIds(db, scope, ids), (review) => review.id),
    ofResult: manyByKey(options, (ids) => findReviewsOfResults(db, scope, ids.map(parseResultId).filter((place) => place !== null)), ({ runId, ordinal }) => resultId(runId, ordinal)),
    ofRun: byParentAndArgs(options, (ids, args: PageArgs) => pageReviewsOfRuns(db, scope, ids, parsePaging(args, "run.reviews")), () => EMPTY_PAGE),
    countOfRun: valueByKey(options, (ids) => countReviewsOfRuns(db, scope, ids), 0),
    agreement: byParentAndArgs<AgreementArgs, JudgeAgreement | null>(options, (ids, args) => findAgreements(db, scope, ids, args), () => null),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    reviews: ReviewLoaders;
  }
}
