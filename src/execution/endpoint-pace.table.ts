export interface EndpointPaceTable {
  organizationId: string;
  endpointId: string;
  /** The last turn that a call took, over all workers; null where none did. It may be a second ahead. */
  lastTurnAt: Date | null;
  /** Until when it wants no calls at all; null where it never said so. */
  heldUntil: Date | null;
}

declare module "../db/database.js" {
  interface Database {
    endpointPaces: EndpointPaceTable;
  }
}
