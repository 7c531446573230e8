import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";

export { MetricAgreementResolver } from "./agreement.resolver.js";
export { ResultReviewsResolver, RunReviewsResolver } from "./review-lists.resolver.js";
export { ReviewResolver } from "./review.resolver.js";
export { ReviewType } from "./review.type.js";

/** How `node` finds what this room holds. */
export const reviewNodes: readonly NodeSource[] = [{ kind: IdKind.REVIEW, typename: "Review", load: (loaders, id) => loaders.reviews.byId.load(id) }];
