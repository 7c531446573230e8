import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Trx } from "../db/index.js";
import { assertNoProblems, ConflictError } from "../errors.js";
import { nameProblems } from "../texts.js";
import type { Scope } from "../viewer.js";
import { saysNothingChanged } from "./unchanged.js";

/** How long a key is remembered. */
const DAYS = 7;

/** A mutation's key as the caller gave it, with the whole input that it stands for. */
export interface IdempotencyRequest {
  readonly mutation: string;
  /** Null: the caller wants no such protection. */
  readonly key: string | null;
  readonly input: unknown;
}

/**
 * Runs `act` once for each key of an organization and mutation within seven days: a repeat with the same input gets
 * the first answer (an id, or ids), at the same moment too. CONFLICT, IDEMPOTENCY_MISMATCH for another input;
 * BAD_USER_INPUT for a key that cannot be one.
 */
export async function once<A>(trx: Trx, scope: Scope, request: IdempotencyRequest, now: Date, act: () => Promise<A>): Promise<A> {
  if (request.key === null) return act();
  assertNoProblems(nameProblems("input.idempotencyKey", request.key));
  const name = { organizationId: scope.organizationId, mutation: request.mutation, key: request.key };
  const inputHash = createHash("sha256").update(canonical(request.input)).digest("hex");
  // A repeat at the same moment waits here until the first has committed.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${name.organizationId} ${name.mutation} ${name.key}`}, 1))`.execute(trx);
  const found = await trx.selectFrom("idempotencyKeys").selectAll().where("organizationId", "=", name.organizationId).where("mutation", "=", name.mutation).where("key", "=", name.key).executeTakeFirst();
  if (found !== undefined && found.createdAt.getTime() > now.getTime() - DAYS * 86_400_000) {
    if (found.inputHash === inputHash) {
      saysNothingChanged();
      return found.answer as A; // written below by the same mutation
    }
    throw new ConflictError("IDEMPOTENCY_MISMATCH", `The idempotency key "${request.key}" was used with another input at ${found.createdAt.toISOString()}. Use a new key for a new input.`);
  }
  const answer = await act();
  const row = { ...name, inputHash, answer: JSON.stringify(answer), createdAt: now };
  await trx
    .insertInto("idempotencyKeys")
    .values(row)
    .onConflict((conflict) => conflict.columns(["organizationId", "mutation", "key"]).doUpdateSet({ inputHash, answer: row.answer, createdAt: now }))
    .execute();
  return answer;
}

/** JSON with sorted keys and without what is absent or null: both mean "not given" here. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each === null) return undefined;
    if (typeof each !== "object" || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
