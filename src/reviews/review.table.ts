import type { ReviewTarget, ReviewVerdict } from "./review.js";

export interface ReviewTable {
  organizationId: string;
  id: string;
  runId: string;
  ordinal: number;
  target: ReviewTarget;
  metricIndex: number | null;
  metricVersionId: string | null;
  turn: number | null;
  verdict: ReviewVerdict;
  comment: string;
  authorId: string;
  createdAt: Date;
  updatedAt: Date;
}

declare module "../db/database.js" {
  interface Database {
    reviews: ReviewTable;
  }
}
