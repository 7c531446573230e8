import {
  type ASTVisitor,
  type FieldNode,
  getNamedType,
  GraphQLError,
  type GraphQLField,
  isInterfaceType,
  isObjectType,
  Kind,
  type GraphQLNamedType,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from "graphql";
import { LIMITS } from "./limits.js";
import { ComplexityReason, queryTooComplex } from "./query-too-complex.js";

/** The lists of the introspection types that lead back to types. */
const INTROSPECTION_LISTS: ReadonlySet<string> = new Set(["fields", "interfaces", "possibleTypes", "inputFields", "args"]);

/** Where the walk stands; `type` is undefined below fields that the schema does not have. */
interface Place {
  readonly type: GraphQLNamedType | undefined;
  readonly depth: number;
  /** Null outside introspection, else the nested lists passed. */
  readonly introspectionLists: number | null;
  /** Fragments on the way here: validation reports cycles, this rule only must not follow them. */
  readonly within: ReadonlySet<string>;
}

/**
 * The validation rule that bounds what a document may ask for whatever its variables: depth, fields with fragments
 * filled in, root fields, aliases, directives, nested introspection, and what a subscription may not select. Both doors
 * use it. With `introspection` false, nobody may ask for `__schema` and `__type`.
 */
export function operationLimits(options: { readonly introspection: boolean }): ValidationRule {
  return (context) => ({ ...documentCounts(context), OperationDefinition: (node) => new OperationWalk(context, node, options.introspection).run() });
}

/** Counts what a document holds, used or not, and reports each excess once. */
function documentCounts(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  let directives = 0;
  return {
    Field: (node) => {
      if (node.alias === undefined || ++aliases !== LIMITS.aliases + 1) return;
      context.reportError(queryTooComplex(ComplexityReason.TOO_MANY_ALIASES, `The document has more than ${LIMITS.aliases} aliases. Ask in several requests.`, [node]));
    },
    Directive: (node) => {
      if (++directives !== LIMITS.directives + 1) return;
      context.reportError(queryTooComplex(ComplexityReason.TOO_MANY_DIRECTIVES, `The document has more than ${LIMITS.directives} directives.`, [node]));
    },
  };
}

/** Walks one operation with its fragments filled in, and stops at the first excess. */
class OperationWalk {
  readonly #context: ValidationContext;
  readonly #operation: OperationDefinitionNode;
  readonly #introspection: boolean;
  #fields = 0;
  #stopped = false;

  constructor(context: ValidationContext, operation: OperationDefinitionNode, introspection: boolean) {
    this.#context = context;
    this.#operation = operation;
    this.#introspection = introspection;
  }

  run(): void {
    const type = this.#context.getSchema().getRootType(this.#operation.operation) ?? undefined;
    this.#walk(this.#operation.selectionSet, { type, depth: 0, introspectionLists: null, within: new Set() });
  }

  #walk(selectionSet: SelectionSetNode, place: Place): void {
    let rootFields = 0;
    for (const selection of selectionSet.selections) {
      if (this.#stopped) return;
      if (selection.kind === Kind.FIELD) {
        if (place.depth === 0 && ++rootFields > LIMITS.rootFields) {
          this.#stop(queryTooComplex(ComplexityReason.TOO_MANY_ROOT_FIELDS, `The operation has more than ${LIMITS.rootFields} root fields. Ask in several requests.`, [selection]));
        } else this.#field(selection, place);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#walk(selection.selectionSet, { ...place, type: this.#conditionType(selection.typeCondition?.name.value, place) });
      } else if (!place.within.has(selection.name.value)) {
        const fragment = this.#context.getFragment(selection.name.value);
        if (fragment == null) continue;
        this.#walk(fragment.selectionSet, { ...place, type: this.#conditionType(fragment.typeCondition.name.value, place), within: new Set([...place.within, fragment.name.value]) });
      }
    }
  }

  #field(node: FieldNode, place: Place): void {
    const name = node.name.value;
    this.#fields += 1;
    if (this.#fields > LIMITS.fields) {
      return this.#stop(queryTooComplex(ComplexityReason.TOO_MANY_FIELDS, `The operation has more than ${LIMITS.fields} fields with its fragments filled in. Ask in several requests.`, [node]));
    }
    if (name === "__schema" || name === "__type") {
      if (!this.#introspection) return this.#stop(introspectionOff(node));
      return this.#below(node, { ...place, type: undefined, introspectionLists: 0 });
    }
    if (place.introspectionLists !== null) return this.#introspectionField(node, place, place.introspectionLists);
    if (place.depth >= LIMITS.depth) {
      return this.#stop(queryTooComplex(ComplexityReason.TOO_DEEP, `The operation is nested deeper than ${LIMITS.depth} fields. Ask for the lower ones by node(id).`, [node]));
    }
    const definition = this.#definition(node, place.type);
    if (this.#operation.operation === "subscription" && definition?.extensions["forbiddenInSubscription"] === true) {
      return this.#stop(queryTooComplex(ComplexityReason.NOT_IN_SUBSCRIPTION, `A subscription may not select ${name}, as it would be computed for every event. Ask for it in a query.`, [node]));
    }
    this.#below(node, { ...place, type: definition === undefined ? undefined : getNamedType(definition.type), depth: place.depth + 1 });
  }

  #introspectionField(node: FieldNode, place: Place, lists: number): void {
    const nested = lists + (INTROSPECTION_LISTS.has(node.name.value) ? 1 : 0);
    if (nested > LIMITS.introspectionListDepth) {
      return this.#stop(queryTooComplex(ComplexityReason.TOO_DEEP, `Introspection is nested deeper than ${LIMITS.introspectionListDepth} lists.`, [node]));
    }
    this.#below(node, { ...place, introspectionLists: nested });
  }

  #below(node: FieldNode, place: Place): void {
    if (node.selectionSet !== undefined) this.#walk(node.selectionSet, place);
  }

  #definition(node: FieldNode, type: GraphQLNamedType | undefined): GraphQLField<unknown, unknown> | undefined {
    return isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
  }

  #conditionType(name: string | undefined, place: Place): GraphQLNamedType | undefined {
    return name === undefined || place.introspectionLists !== null ? place.type : this.#context.getSchema().getType(name);
  }

  #stop(error: GraphQLError): void {
    this.#stopped = true;
    this.#context.reportError(error);
  }
}

function introspectionOff(node: FieldNode): GraphQLError {
  return new GraphQLError("Introspection is switched off on this gateway (INTROSPECTION). Read schema.graphql instead.", {
    nodes: [node],
    extensions: { code: "GRAPHQL_VALIDATION_FAILED", reason: "INTROSPECTION_OFF" },
  });
}
