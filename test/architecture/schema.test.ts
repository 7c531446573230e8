import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type GraphQLNamedType, isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType, isSpecifiedScalarType } from "graphql";
import { getMetadataStorage } from "type-graphql";
import { describe, expect, test } from "vitest";
import { createOfflineSchema } from "../../src/app/offline-schema.js";
import { schemaText } from "../../src/app/schema.js";
import { ROOT } from "./sources.js";

const schema = createOfflineSchema();
const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));

/** What type-graphql keeps of a decorated operation or field; its typings leave the class open. */
interface Decorated {
  readonly target: object;
  readonly methodName?: string;
  readonly schemaName?: string;
  readonly name?: string;
}

const metadata = getMetadataStorage();
const authorized: readonly { target: object; fieldName: string }[] = metadata.authorizedFields;
const declaresRole = (target: object, name: string): boolean => authorized.some((one) => one.target === target && one.fieldName === name);

/** The coordinates below a type that have no description. */
function undescribed(type: GraphQLNamedType): string[] {
  const found = type.description == null || type.description === "" ? [type.name] : [];
  const add = (coordinate: string, described: { description?: string | null | undefined }): void => {
    if (described.description == null || described.description.trim() === "") found.push(coordinate);
  };
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      add(`${type.name}.${field.name}`, field);
      for (const argument of field.args) add(`${type.name}.${field.name}(${argument.name}:)`, argument);
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) add(`${type.name}.${field.name}`, field);
  } else if (isEnumType(type)) {
    for (const value of type.getValues()) add(`${type.name}.${value.name}`, value);
  }
  return found;
}

describe("the schema", () => {
  // schema.graphql is what frontends generate from and reviewers read.
  test("is the one that schema.graphql shows", () => {
    const committed = readFileSync(join(ROOT, "schema.graphql"), "utf8");
    expect(schemaText(schema) === committed, 'schema.graphql is out of date: "npm run schema" writes it anew').toBe(true);
  });

  // The explorer is the manual: what has no description there can only be guessed.
  test("describes every definition", () => {
    expect(types.flatMap(undescribed)).toEqual([]);
  });

  // A root field that forgets its role is open to every token.
  test("declares a role on every root field", () => {
    const roots: readonly Decorated[] = [...metadata.queries, ...metadata.mutations, ...metadata.subscriptions];
    expect(roots.length).toBeGreaterThan(0);
    const open = roots.filter(({ target, methodName = "" }) => !declaresRole(target, methodName)).map(({ schemaName = "" }) => schemaName);
    expect(open).toEqual([]);
  });

  // type-graphql ignores @Authorized on a plain field that it resolves by itself: the field would leak.
  test("guards no plain field: a guarded field has a resolver", () => {
    const plain: readonly Decorated[] = metadata.fields;
    const resolved: readonly Decorated[] = metadata.fieldResolvers;
    const guarded = plain.filter(({ target, name = "" }) => declaresRole(target, name) && !resolved.some((resolver) => resolver.methodName === name && resolver.target === target));
    expect(guarded.map(({ target, name = "" }) => `${(target as { name: string }).name}.${name}`)).toEqual([]);
  });

  // Relay clients page both ways, and a connection without `first` grows until it fails.
  test("pages every connection in both directions", () => {
    const connections = types.filter(isObjectType).flatMap((type) => {
      return Object.values(type.getFields())
        .filter((field) => /Connection!?$/.test(String(field.type)))
        .map((field) => ({ coordinate: `${type.name}.${field.name}`, args: field.args.map(({ name }) => name) }));
    });
    expect(connections.filter(({ args }) => !["first", "after", "last", "before"].every((name) => args.includes(name))).map(({ coordinate }) => coordinate)).toEqual([]);
  });
});
