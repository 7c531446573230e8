export interface EndpointPaceTable {
  organizationId: string;
  endpointId: string;
  /** When the next call may start, over all workers. */
  nextCallAt: Date;
}

declare module "../db/database.js" {
  interface Database {
    endpointPaces: EndpointPaceTable;
  }
}
