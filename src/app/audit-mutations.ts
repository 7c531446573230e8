import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from "graphql";
import { type AuditTrail, tellingChanges } from "../accounts/index.js";
import type { Context } from "../graphql/index.js";
import { IdKind, kindOf } from "../ids.js";

/** Mutations that change nothing here: there is nothing to tell. */
const CHANGES_NOTHING: ReadonlySet<string> = new Set(["probeEndpoint"]);

const KIND_NAMES: ReadonlyMap<IdKind, string> = new Map(
  Object.entries(IdKind).map(([name, kind]) => [kind, name.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase())]),
);

/**
 * Notes every root mutation that took effect in the audit trail, in one place, so that none can forget it. Of the input
 * only the names of the given fields are kept: values may hold secrets. Changes the schema in place.
 */
export function withAudit(schema: GraphQLSchema, trail: Pick<AuditTrail, "record">): GraphQLSchema {
  for (const [action, field] of Object.entries(schema.getMutationType()?.getFields() ?? {})) {
    if (CHANGES_NOTHING.has(action)) continue;
    const resolve: GraphQLFieldResolver<unknown, Context> = field.resolve ?? defaultFieldResolver;
    field.resolve = async (source: unknown, args: Record<string, unknown>, context: Context, info) => {
      const { answer, changesNothing } = await tellingChanges<unknown>(async () => resolve(source, args, context, info));
      const input = asRecord(args["input"]);
      if (changesNothing || input?.["dryRun"] === true || (action === "importTests" && !changesTests(answer))) return answer;
      const ids = changedIds(action === "deleteReview" ? args["id"] : answer); // which answers the result that it was about
      const [id] = ids;
      const type = id === undefined ? undefined : KIND_NAMES.get(kindOf(id) ?? (0 as IdKind)); // 0 is no kind
      const target = id === undefined || type === undefined || ids.length > 1 ? null : { id, type };
      const name = asRecord(answer)?.["name"];
      const details = { requestId: context.requestId, fields: Object.keys(input ?? args), ...(typeof name === "string" ? { name } : {}), ...(ids.length > 1 ? { ids } : {}) };
      await trail.record(context.viewer, { action, target, remoteAddress: context.remoteAddress, details });
      return answer;
    };
  }
  return schema;
}

/** Whether an import's report tells of any change: one rejected row changes nothing, and neither do rows that were there. */
function changesTests(report: unknown): boolean {
  const { created, updated } = asRecord(report) ?? {};
  return created !== 0 || updated !== 0;
}

/** The ids of what a mutation answers: the thing, its id, several things, or a report about one. */
function changedIds(answer: unknown): readonly string[] {
  if (typeof answer === "string") return [answer];
  if (Array.isArray(answer)) return answer.flatMap(changedIds);
  const record = asRecord(answer);
  if (record === null) return [];
  return typeof record["id"] === "string" ? [record["id"]] : changedIds(record["testSet"] ?? record["token"]);
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null; // any object has such entries
}
