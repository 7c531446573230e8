import type { Kysely, Transaction } from "kysely";

/**
 * All tables as Kysely sees them. Empty here: each room merges its own in
 * (`declare module "../db/database.js"`), so that the ground knows no domain noun.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged into by the rooms
export interface Database {}

/** The database, or a transaction of it: what repository functions take first. */
export type Db = Kysely<Database>;

/** A transaction: for functions that make no sense outside one. */
export type Trx = Transaction<Database>;
