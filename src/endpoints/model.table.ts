export interface ModelTable {
  organizationId: string;
  id: string;
  name: string;
  provider: string;
  baseUrl: string;
  model: string;
  embeddingModel: string | null;
  /** Sealed, or null when there is none. */
  apiKey: string | null;
  timeoutMs: number;
  maxConcurrency: number;
  requestsPerMinute: number | null;
  maxAttempts: number;
  inputCostPerMillionTokens: number | null;
  outputCostPerMillionTokens: number | null;
  createdAt: Date;
  deletedAt: Date | null;
}

declare module "../db/database.js" {
  interface Database {
    models: ModelTable;
  }
}
