import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  isUnionType,
} from "graphql";

/** How a schema stands to the contract. */
export interface Agreement {
  /** What both have but say differently. */
  readonly different: readonly string[];
  /** What the schema has beyond the contract. */
  readonly foreign: readonly string[];
  /** What the contract has and the schema does not yet, as schema coordinates. */
  readonly missing: readonly string[];
}

/** Holds the schema against the contract, definition by definition. Descriptions and where a scalar is specified are free. */
export function agreement(contract: GraphQLSchema, schema: GraphQLSchema): Agreement {
  const agreed = signatures(contract);
  const built = signatures(schema);
  return {
    different: [...built].flatMap(([coordinate, signature]) => {
      const wanted = agreed.get(coordinate);
      return wanted === undefined || wanted === signature ? [] : [`${coordinate} is "${signature}", in the contract "${wanted}"`];
    }),
    foreign: [...built.keys()].filter((coordinate) => !agreed.has(coordinate)),
    missing: [...agreed.keys()].filter((coordinate) => !built.has(coordinate)).sort(),
  };
}

/** Everything that a client can name, by its schema coordinate, with what it relies on: kind, type, default, deprecation. */
function signatures(schema: GraphQLSchema): Map<string, string> {
  const found = new Map<string, string>();
  for (const directive of schema.getDirectives().filter((one) => !isSpecifiedDirective(one))) {
    found.set(`@${directive.name}`, `${directive.locations.join(" | ")}${directive.isRepeatable ? " repeatable" : ""}`);
    for (const argument of directive.args) found.set(`@${directive.name}(${argument.name}:)`, inputSignature(argument));
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isIntrospectionType(type) && !isSpecifiedScalarType(type)) addType(found, type);
  }
  return found;
}

function addType(found: Map<string, string>, type: GraphQLNamedType): void {
  const oneOf = isInputObjectType(type) && type.isOneOf ? " @oneOf" : "";
  found.set(type.name, `${keyword(type)}${oneOf}`);
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const parent of type.getInterfaces()) found.set(`${type.name} implements ${parent.name}`, "");
    for (const field of Object.values(type.getFields())) {
      found.set(`${type.name}.${field.name}`, `${String(field.type)}${deprecation(field.deprecationReason)}`);
      for (const argument of field.args) found.set(`${type.name}.${field.name}(${argument.name}:)`, inputSignature(argument));
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) found.set(`${type.name}.${field.name}`, inputSignature(field));
  } else if (isEnumType(type)) {
    for (const value of type.getValues()) found.set(`${type.name}.${value.name}`, `value${deprecation(value.deprecationReason)}`);
  } else if (isUnionType(type)) {
    for (const member of type.getTypes()) found.set(`${type.name} | ${member.name}`, "");
  }
}

function inputSignature(input: GraphQLArgument | GraphQLInputField): string {
  const fallback = input.defaultValue === undefined ? "" : ` = ${JSON.stringify(input.defaultValue)}`;
  return `${String(input.type)}${fallback}${deprecation(input.deprecationReason)}`;
}

function deprecation(reason: string | null | undefined): string {
  return reason == null ? "" : " @deprecated";
}

/** The word of the schema language that defines the type. */
function keyword(type: GraphQLNamedType): string {
  const kinds = [
    [isObjectType, "type"],
    [isInterfaceType, "interface"],
    [isInputObjectType, "input"],
    [isEnumType, "enum"],
    [isUnionType, "union"],
  ] as const;
  return kinds.find(([is]) => is(type))?.[1] ?? "scalar";
}
