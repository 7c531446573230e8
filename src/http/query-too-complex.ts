import { type ASTNode, GraphQLError } from "graphql";

/** Why an operation asks for too much. */
export const ComplexityReason = {
  TOO_DEEP: "TOO_DEEP",
  TOO_MANY_ALIASES: "TOO_MANY_ALIASES",
  TOO_MANY_DIRECTIVES: "TOO_MANY_DIRECTIVES",
  TOO_MANY_ROOT_FIELDS: "TOO_MANY_ROOT_FIELDS",
  TOO_MANY_FIELDS: "TOO_MANY_FIELDS",
  TOO_MANY_TOKENS: "TOO_MANY_TOKENS",
  COST_TOO_HIGH: "COST_TOO_HIGH",
  NOT_IN_SUBSCRIPTION: "NOT_IN_SUBSCRIPTION",
} as const;
export type ComplexityReason = (typeof ComplexityReason)[keyof typeof ComplexityReason];

/** The error of an operation that asks for too much. Answered with 400, or 200 where the media type wants it. */
export function queryTooComplex(reason: ComplexityReason, message: string, nodes?: readonly ASTNode[]): GraphQLError {
  return new GraphQLError(`${message} \`gateway { limits }\` lists the limits.`, {
    ...(nodes === undefined ? {} : { nodes }),
    extensions: { code: "QUERY_TOO_COMPLEX", reason, http: { status: 400 } },
  });
}

/** Whether the reason is one of ours: Apollo gives whatever a rule reports its own code. */
export function isComplexityReason(reason: unknown): boolean {
  return typeof reason === "string" && reason in ComplexityReason;
}
