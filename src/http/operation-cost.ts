import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isCompositeType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromASTUntyped,
} from "graphql";
import { fieldOf } from "./document-limits.js";
import { LIMITS } from "./limits.js";
import { ComplexityReason, queryTooComplex } from "./query-too-complex.js";

type Variables = Readonly<Record<string, unknown>>;
type Definition = GraphQLField<unknown, unknown>;

/** Fields of one response key: the executor merges them, so their price is counted once. */
interface Merged {
  readonly definition: Definition;
  readonly nodes: FieldNode[];
}

/** Where the selection sets to be priced stand. `pageItems` is set directly below a connection: how many items its page has. */
interface Priced {
  readonly type: GraphQLNamedType;
  readonly pageItems: number | null;
}

/**
 * What an operation may cost at most: one for each object that it may fetch, nothing for leaves, and where a field has
 * `extensions.complexity` that number instead. Lists multiply what is below them: pages by `first` or `last` (from the
 * variables and defaults too, 50 when absent, never more than a page may have), lookups by the number of their `ids`,
 * other lists by `extensions.listLength` or a small guess. For valid documents only: fragments must not be circular.
 */
export function operationCost(args: { schema: GraphQLSchema; document: DocumentNode; operation: OperationDefinitionNode; variables: Variables }): number {
  const root = args.schema.getRootType(args.operation.operation);
  return root == null ? 0 : new CostWalk(args).sum([args.operation.selectionSet], { type: root, pageItems: null });
}

/** Throws QUERY_TOO_COMPLEX (COST_TOO_HIGH) for an operation that may cost more than the limit. */
export function assertAffordable(args: { schema: GraphQLSchema; document: DocumentNode; operation: OperationDefinitionNode; variables: Variables }): void {
  const cost = operationCost(args);
  if (cost <= LIMITS.cost) return;
  throw queryTooComplex(ComplexityReason.COST_TOO_HIGH, `The operation may fetch ${cost} objects; the limit is ${LIMITS.cost}. Ask for smaller pages (first, last) or fewer nested lists.`);
}

class CostWalk {
  readonly #schema: GraphQLSchema;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #variables: Variables;
  readonly #defaults = new Map<string, unknown>();

  constructor(args: { schema: GraphQLSchema; document: DocumentNode; operation: OperationDefinitionNode; variables: Variables }) {
    this.#schema = args.schema;
    this.#variables = args.variables;
    for (const node of args.document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(node.name.value, node);
    for (const node of args.operation.variableDefinitions ?? []) {
      if (node.defaultValue !== undefined) this.#defaults.set(node.variable.name.value, valueFromASTUntyped(node.defaultValue));
    }
  }

  sum(selectionSets: readonly SelectionSetNode[], at: Priced): number {
    const merged = new Map<string, Merged>();
    const visited = new Set<string>();
    for (const selectionSet of selectionSets) this.#collect(selectionSet, at.type, merged, visited);
    let total = 0;
    for (const field of merged.values()) total += this.#price(field, at);
    return total;
  }

  #collect(selectionSet: SelectionSetNode, type: GraphQLNamedType, into: Map<string, Merged>, visited: Set<string>): void {
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) this.#add(selection, type, into);
      else if (selection.kind === Kind.INLINE_FRAGMENT) this.#collect(selection.selectionSet, this.#typeOf(selection.typeCondition?.name.value) ?? type, into, visited);
      else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment !== undefined) this.#collect(fragment.selectionSet, this.#typeOf(fragment.typeCondition.name.value) ?? type, into, visited);
      }
    }
  }

  #add(node: FieldNode, type: GraphQLNamedType, into: Map<string, Merged>): void {
    const definition = fieldOf(type, node.name.value);
    if (definition === undefined) return; // introspection: bounded by the limits on documents
    const key = `${type.name}.${node.alias?.value ?? node.name.value}`;
    const known = into.get(key);
    if (known === undefined) into.set(key, { definition, nodes: [node] });
    else known.nodes.push(node);
  }

  #price({ definition, nodes }: Merged, at: Priced): number {
    const type = getNamedType(definition.type);
    const isComposite = isCompositeType(type);
    const price = ownPrice(definition, isComposite && !(at.pageItems !== null && definition.name === "edges"));
    const below = nodes.flatMap((node) => (node.selectionSet === undefined ? [] : [node.selectionSet]));
    const first = nodes[0];
    if (!isComposite || first === undefined) return price;
    const items = this.#items(definition, first);
    if (isListType(getNullableType(definition.type))) {
      const length = items ?? at.pageItems ?? listLength(definition);
      return length * (price + this.sum(below, { type, pageItems: null }));
    }
    return price + this.sum(below, { type, pageItems: items });
  }

  /** How many items the field's arguments ask for; null when it has no such arguments. */
  #items(definition: Definition, node: FieldNode): number | null {
    const names = new Set(definition.args.map((argument) => argument.name));
    if (names.has("ids")) {
      const ids = this.#argument(definition, node, "ids");
      return Array.isArray(ids) ? Math.min(ids.length, LIMITS.nodesPerLookup) : 1;
    }
    if (!names.has("first") && !names.has("last")) return null;
    const asked = this.#argument(definition, node, "first") ?? this.#argument(definition, node, "last") ?? LIMITS.defaultPageSize;
    // Larger and negative pages are refused by the field itself, with the reason that says so.
    return typeof asked === "number" ? Math.max(0, Math.min(asked, LIMITS.pageSize)) : LIMITS.defaultPageSize;
  }

  #argument(definition: Definition, node: FieldNode, name: string): unknown {
    const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
    const value = given === undefined ? undefined : this.#value(given);
    return value === undefined ? definition.args.find((argument) => argument.name === name)?.defaultValue : value;
  }

  #value(node: ValueNode): unknown {
    if (node.kind !== Kind.VARIABLE) return valueFromASTUntyped(node, this.#variables);
    const name = node.name.value;
    return this.#variables[name] === undefined ? this.#defaults.get(name) : this.#variables[name];
  }

  #typeOf(name: string | undefined): GraphQLNamedType | undefined {
    return name === undefined ? undefined : this.#schema.getType(name);
  }
}

function ownPrice(definition: Definition, isCounted: boolean): number {
  const complexity = definition.extensions["complexity"];
  if (typeof complexity === "number") return complexity;
  return isCounted ? 1 : 0;
}

function listLength(definition: Definition): number {
  const length = definition.extensions["listLength"];
  return typeof length === "number" ? length : LIMITS.assumedListLength;
}
