export { createReviewLoaders, type ReviewLoaders } from "./review.loaders.js";
export { type Review, ReviewTarget, ReviewVerdict } from "./review.js";
export { findReviewsOfResults } from "./review.repository.js";
export { type AddReview, type ChangeReview, ReviewService } from "./review.service.js";
export type * from "./review.table.js";
