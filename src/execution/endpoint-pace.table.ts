export interface EndpointPaceTable {
  organizationId: string;
  endpointId: string;
  /** When the next call may start, over all workers. */
  nextCallAt: Date;
  /** Until when it wants no calls at all; null where it never said so. */
  heldUntil: Date | null;
}

declare module "../db/database.js" {
  interface Database {
    endpointPaces: EndpointPaceTable;
  }
}
