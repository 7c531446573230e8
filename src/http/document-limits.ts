import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
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
  /** Fragments on the way here: circles are validation's to report, this walk only must not follow them. */
  readonly within: ReadonlySet<string>;
}

/**
 * Refuses what no variables could make acceptable: aliases, directives, depth, selections with fragments filled in, root
 * fields, nested introspection, and what a subscription may not select; with `introspection` false, any introspection.
 * Throws QUERY_TOO_COMPLEX. The document need not be valid: this runs before validation, some of whose rules take time
 * by the square of what they are given.
 */
export function assertWithinLimits(schema: GraphQLSchema, document: DocumentNode, options: { readonly introspection: boolean }): void {
  assertCounts(document);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  for (const node of document.definitions) if (node.kind === Kind.OPERATION_DEFINITION) new OperationWalk(schema, fragments, node, options.introspection).run();
}

/** Counts what the document holds, used or not. */
function assertCounts(document: DocumentNode): void {
  let aliases = 0;
  let directives = 0;
  visit(document, {
    Field: (node) => {
      if (node.alias !== undefined && ++aliases > LIMITS.aliases) throw queryTooComplex(ComplexityReason.TOO_MANY_ALIASES, `The document has more than ${LIMITS.aliases} aliases. Ask in several requests.`, [node]);
    },
    Directive: (node) => {
      if (++directives > LIMITS.directives) throw queryTooComplex(ComplexityReason.TOO_MANY_DIRECTIVES, `The document has more than ${LIMITS.directives} directives.`, [node]);
    },
  });
}

/** Walks one operation with its fragments filled in. */
class OperationWalk {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #operation: OperationDefinitionNode;
  readonly #introspection: boolean;
  #selections = 0;
  #rootFields = 0;

  constructor(schema: GraphQLSchema, fragments: ReadonlyMap<string, FragmentDefinitionNode>, operation: OperationDefinitionNode, introspection: boolean) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#operation = operation;
    this.#introspection = introspection;
  }

  run(): void {
    const type = this.#schema.getRootType(this.#operation.operation) ?? undefined;
    this.#walk(this.#operation.selectionSet, { type, depth: 0, introspectionLists: null, within: new Set() });
  }

  #walk(selectionSet: SelectionSetNode, place: Place): void {
    for (const selection of selectionSet.selections) {
      // Spreads count, too: fragments that only spread each other hold no fields, and still lead to factorially many places.
      this.#selections += 1;
      if (this.#selections > LIMITS.selections) {
        throw queryTooComplex(ComplexityReason.TOO_MANY_FIELDS, `The operation has more than ${LIMITS.selections} fields with its fragments filled in. Ask in several requests.`, [selection]);
      }
      this.#step(selection, place);
    }
  }

  #step(selection: SelectionNode, place: Place): void {
    if (selection.kind === Kind.FIELD) return this.#field(selection, place);
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.#walk(selection.selectionSet, { ...place, type: this.#narrowed(selection.typeCondition?.name.value, place) });
    const fragment = this.#fragments.get(selection.name.value);
    if (fragment === undefined || place.within.has(fragment.name.value)) return;
    this.#walk(fragment.selectionSet, { ...place, type: this.#narrowed(fragment.typeCondition.name.value, place), within: new Set([...place.within, fragment.name.value]) });
  }

  #field(node: FieldNode, place: Place): void {
    const name = node.name.value;
    if (place.depth === 0 && ++this.#rootFields > LIMITS.rootFields) {
      throw queryTooComplex(ComplexityReason.TOO_MANY_ROOT_FIELDS, `The operation has more than ${LIMITS.rootFields} root fields. Ask in several requests.`, [node]);
    }
    if (name === "__schema" || name === "__type") {
      if (!this.#introspection) throw introspectionOff(node);
      return this.#below(node, { ...place, type: undefined, depth: 1, introspectionLists: 0 });
    }
    if (place.introspectionLists !== null) return this.#introspectionField(node, place, place.introspectionLists);
    if (place.depth >= LIMITS.depth) {
      throw queryTooComplex(ComplexityReason.TOO_DEEP, `The operation is nested deeper than ${LIMITS.depth} fields. Ask for the lower ones by node(id).`, [node]);
    }
    const definition = fieldOf(place.type, name);
    if (this.#operation.operation === OperationTypeNode.SUBSCRIPTION && definition?.extensions["forbiddenInSubscription"] === true) {
      throw queryTooComplex(ComplexityReason.NOT_IN_SUBSCRIPTION, `A subscription may not select ${name}, as it would be computed for every event. Ask for it in a query.`, [node]);
    }
    this.#below(node, { ...place, type: definition === undefined ? undefined : getNamedType(definition.type), depth: place.depth + 1 });
  }

  #introspectionField(node: FieldNode, place: Place, lists: number): void {
    const nested = lists + (INTROSPECTION_LISTS.has(node.name.value) ? 1 : 0);
    if (nested > LIMITS.introspectionListDepth) {
      throw queryTooComplex(ComplexityReason.TOO_DEEP, `Introspection is nested deeper than ${LIMITS.introspectionListDepth} lists.`, [node]);
    }
    this.#below(node, { ...place, introspectionLists: nested });
  }

  #below(node: FieldNode, place: Place): void {
    if (node.selectionSet !== undefined) this.#walk(node.selectionSet, place);
  }

  #narrowed(name: string | undefined, place: Place): GraphQLNamedType | undefined {
    return name === undefined || place.introspectionLists !== null ? place.type : this.#schema.getType(name);
  }
}

/** The field of that name, if the type has one. */
export function fieldOf(type: GraphQLNamedType | undefined, name: string): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

function introspectionOff(node: FieldNode): GraphQLError {
  return new GraphQLError("Introspection is switched off on this gateway (INTROSPECTION). Read schema.graphql instead.", {
    nodes: [node],
    extensions: { code: "GRAPHQL_VALIDATION_FAILED", reason: "INTROSPECTION_OFF" },
  });
}
