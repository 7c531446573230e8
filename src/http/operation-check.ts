import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { assertWithinLimits } from "./document-limits.js";
import { doorError } from "./graphql-errors.js";
import { LIMITS } from "./limits.js";
import { assertAffordable } from "./operation-cost.js";
import { ComplexityReason, queryTooComplex } from "./query-too-complex.js";

/** How many documents are remembered as within the limits: frontends send the same few again and again. */
const REMEMBERED = 1_000;
/** Longer documents are not worth their memory. */
const REMEMBERED_CHARACTERS = 10_000;

/** How GraphQL documents are read and validated, at both doors. */
export const PARSE_OPTIONS = { maxTokens: LIMITS.tokens } as const;
export const VALIDATION_OPTIONS = { maxErrors: LIMITS.validationErrors, hideSuggestions: true } as const;
export const EXECUTION_OPTIONS = { maxCoercionErrors: LIMITS.coercionErrors } as const;

/** A checked operation with its document. */
export interface CheckedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** The checks that an operation passes before it runs: the limits, then validation, then the price. */
export class OperationCheck {
  readonly #schema: GraphQLSchema;
  readonly #introspection: boolean;
  readonly #withinLimits = new Set<string>();

  constructor(schema: GraphQLSchema, options: { readonly introspection: boolean }) {
    this.#schema = schema;
    this.#introspection = options.introspection;
  }

  /**
   * The limits alone, for the HTTP door, whose Apollo parses and validates by itself and has no way to check anything in
   * between. Throws QUERY_TOO_COMPLEX; leaves syntax errors to Apollo.
   */
  assertWithinLimits(source: string): void {
    if (this.#withinLimits.has(source)) return;
    let document: DocumentNode;
    try {
      document = readDocument(source);
    } catch (error) {
      if (error instanceof GraphQLError && error.message.startsWith("Syntax Error")) return;
      throw error;
    }
    assertWithinLimits(this.#schema, document, { introspection: this.#introspection });
    if (source.length > REMEMBERED_CHARACTERS) return;
    if (this.#withinLimits.size >= REMEMBERED) this.#withinLimits.clear();
    this.#withinLimits.add(source);
  }

  /** All checks, for the WebSocket door. Throws one error, or the several of an invalid document as an InvalidDocument. */
  check(payload: { readonly query: string; readonly operationName?: string | null | undefined; readonly variables?: Record<string, unknown> | null | undefined }): CheckedOperation {
    const document = readDocument(payload.query);
    assertWithinLimits(this.#schema, document, { introspection: this.#introspection });
    const problems = validate(this.#schema, document, specifiedRules, VALIDATION_OPTIONS);
    if (problems.length > 0) throw new InvalidDocument(problems);
    const operation = getOperationAST(document, payload.operationName);
    if (operation == null) throw doorError("BAD_USER_INPUT", "OPERATION_UNKNOWN", "Name one of the document's operations in operationName.");
    this.assertAffordable({ document, operation }, payload.variables ?? {});
    return { document, operation };
  }

  /** The price with these variables. Throws QUERY_TOO_COMPLEX. */
  assertAffordable(checked: CheckedOperation, variables: Readonly<Record<string, unknown>>): void {
    assertAffordable({ schema: this.#schema, ...checked, variables });
  }
}

/** A document against the schema's rules. */
export class InvalidDocument extends Error {
  readonly problems: readonly GraphQLError[];

  constructor(problems: readonly GraphQLError[]) {
    super("the document is not valid");
    this.name = "InvalidDocument";
    this.problems = problems.map((error) => new GraphQLError(error.message, { nodes: error.nodes ?? null, extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }));
  }
}

/** Parses; what overflows the parser's stack is nested beyond all limits. */
function readDocument(source: string): DocumentNode {
  try {
    return parse(source, PARSE_OPTIONS);
  } catch (error) {
    if (error instanceof RangeError) throw queryTooComplex(ComplexityReason.TOO_DEEP, "The document is nested too deeply to be read.");
    throw error;
  }
}
