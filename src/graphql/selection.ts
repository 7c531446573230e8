import { type FieldNode, getArgumentValues, GraphQLIncludeDirective, GraphQLSkipDirective, type GraphQLResolveInfo, Kind, type SelectionSetNode } from "graphql";

/** Whether an operation selects a field right below the field that is being resolved, fragments and @include/@skip considered. */
export function selects(info: GraphQLResolveInfo, name: string): boolean {
  return info.fieldNodes.some((node) => node.selectionSet !== undefined && selectionHas(info, node.selectionSet, name));
}

function selectionHas(info: GraphQLResolveInfo, set: SelectionSetNode, name: string): boolean {
  return set.selections.some((selection) => {
    if (!isIncluded(info, selection)) return false;
    if (selection.kind === Kind.FIELD) return selection.name.value === name;
    if (selection.kind === Kind.INLINE_FRAGMENT) return selectionHas(info, selection.selectionSet, name);
    const fragment = info.fragments[selection.name.value];
    return fragment !== undefined && selectionHas(info, fragment.selectionSet, name);
  });
}

function isIncluded(info: GraphQLResolveInfo, node: Pick<FieldNode, "directives">): boolean {
  for (const directive of node.directives ?? []) {
    if (directive.name.value === "skip" && getArgumentValues(GraphQLSkipDirective, directive, info.variableValues)["if"] === true) return false;
    if (directive.name.value === "include" && getArgumentValues(GraphQLIncludeDirective, directive, info.variableValues)["if"] === false) return false;
  }
  return true;
}
