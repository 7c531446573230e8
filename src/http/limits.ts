/**
 * What one caller may ask for at once. Each is answered by name in `gateway { limits }`, so frontends need not guess.
 * They are set so that honest frontends pass (full introspection, two nested lists of 50 with what belongs to each row)
 * and what grows by multiplication does not.
 */
export const LIMITS = {
  /** Most items of one page: `first` or `last`. */
  pageSize: 200,
  /** Items of a page when neither `first` nor `last` is given. */
  defaultPageSize: 50,
  /** Most ids of one `nodes` lookup. */
  nodesPerLookup: 200,
  /** Nested fields: the longest honest way through the schema is 13 fields, by edges and nodes. */
  depth: 16,
  /** Nested lists inside introspection: the usual introspection query needs 2; each further one multiplies the answer by hundreds. */
  introspectionListDepth: 2,
  /** Renamed fields in one document: each repeats the work of its field. */
  aliases: 50,
  /** Directives in one document. */
  directives: 50,
  /** Fields at the top of one operation. */
  rootFields: 30,
  /** Fields and fragments of one operation, filled in: stops fragments that double each other, and bounds validation, which compares fields in pairs. */
  selections: 1_500,
  /** Words and signs of one document: stops floods before they are parsed. */
  tokens: 5_000,
  /** Objects that one operation may fetch, by page sizes, plus the price of its expensive fields. */
  cost: 50_000,
  /** What a list without page arguments counts as. */
  assumedListLength: 5,
  /** Errors listed for one wrong document. */
  validationErrors: 5,
  /** Errors listed for one request's wrong variables. */
  coercionErrors: 20,
  /** A request's body: the 5 MB of an inline import, escaped as JSON, and room for the rest. */
  bodyBytes: 12 * 1024 * 1024,
  /** From a request's arrival to its answer; downloads, imports and streams are exempt. */
  requestTimeoutMs: 30_000,
  /** Requests of this process that are being answered; more get 503 with Retry-After. */
  requestsInFlight: 1_000,
  /** Open WebSockets of this process; more are closed with 1013. */
  sockets: 10_000,
  /** One message from a client over a WebSocket. */
  socketMessageBytes: 64 * 1024,
  /** Operations that run at the same time over one WebSocket. */
  operationsPerSocket: 100,
  /** From a WebSocket's opening to its connection_init. */
  socketInitTimeoutMs: 3_000,
} as const;

/** What tests shorten. */
export interface Tuning {
  readonly requestTimeoutMs: number;
  /** A socket is pinged this often and cut when the answer takes as long again. */
  readonly keepAliveMs: number;
  /** How often the tokens of open sockets are looked up again: a revoked one is noticed within this time. */
  readonly reauthenticateMs: number;
  readonly requestsInFlight: number;
  readonly sockets: number;
}

/** The values in production. */
export const DEFAULT_TUNING: Tuning = {
  requestTimeoutMs: LIMITS.requestTimeoutMs,
  keepAliveMs: 12_000,
  reauthenticateMs: 5_000,
  requestsInFlight: LIMITS.requestsInFlight,
  sockets: LIMITS.sockets,
};
