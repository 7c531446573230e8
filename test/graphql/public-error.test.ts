import { graphql, GraphQLError, GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { BadUserInputError, ConflictError, NotFoundError } from "../../src/errors.js";
import { DateTimeScalar, toPublicError } from "../../src/graphql/index.js";

/** The translation, and what was logged meanwhile. */
function translate(error: unknown): { shown: GraphQLError; logged: [unknown, string][] } {
  const logged: [unknown, string][] = [];
  const shown = toPublicError(error, "request-1", (unknown, requestId) => logged.push([unknown, requestId]));
  return { shown, logged };
}

/** A schema whose field `thrown` fails with the error, beside fields that fail by themselves. */
function failingWith(error: unknown): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: "Query",
      fields: {
        thrown: { type: GraphQLString, resolve: () => Promise.reject(error) },
        missing: { type: new GraphQLNonNull(GraphQLString), resolve: () => null },
        wrongScalar: { type: GraphQLInt, resolve: () => "secret-9" },
        wrongTime: { type: DateTimeScalar, resolve: () => "secret-9" },
        takes: { type: GraphQLString, args: { time: { type: DateTimeScalar }, count: { type: GraphQLInt }, trials: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 1 } }, resolve: () => "fine" },
      },
    }),
  });
}
async function errorOf(source: string, variableValues: Record<string, unknown> = {}, thrown: unknown = new Error("unused")): Promise<GraphQLError> {
  const { errors } = await graphql({ schema: failingWith(thrown), source, variableValues });
  const [error] = errors ?? [];
  if (error === undefined) throw new Error("An error was expected.");
  return error;
}

const conflict = new ConflictError("NAME_TAKEN", "The name is taken.", { ids: ["a", "b"] });

describe("a DomainError", () => {
  it.each([
    ["by itself", conflict],
    ["as a cause", new Error("outside", { cause: conflict })],
    ["deep among causes", new Error("outside", { cause: new Error("middle", { cause: conflict }) })],
    ["behind a GraphQL error", new GraphQLError("outside", { originalError: conflict })],
    ["behind both", new GraphQLError("outside", { originalError: new Error("middle", { cause: conflict }) })],
  ])("%s gives its message, code, reason and details, and is not logged", (_, error) => {
    const { shown, logged } = translate(error);
    expect(shown.message).toBe("The name is taken.");
    expect(shown.extensions).toEqual({ code: "CONFLICT", reason: "NAME_TAKEN", ids: ["a", "b"] });
    expect(logged).toEqual([]);
  });

  it("thrown by a resolver keeps its place in the operation", async () => {
    const { shown } = translate(await errorOf("{ alias: thrown }", {}, new NotFoundError("test", "x")));
    expect(shown.toJSON()).toEqual({
      message: 'There is no test "x" here. Look it up in the list, or check the organization of the token.',
      locations: [{ line: 1, column: 3 }],
      path: ["alias"],
      extensions: { code: "NOT_FOUND", reason: "NOT_FOUND" },
    });
  });

  it("brings its problems, and cannot hide its code behind its details", () => {
    const problems = [{ field: "input.name", message: "It is empty." }];
    expect(translate(new BadUserInputError("Wrong.", problems)).shown.extensions).toEqual({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID", problems });
    expect(translate(new ConflictError("TAKEN", "x", { code: "other", reason: "other" })).shown.extensions).toEqual({ code: "CONFLICT", reason: "TAKEN" });
  });

  it("shows nothing of its cause", () => {
    const error = new ConflictError("NAME_TAKEN", "The name is taken.", {}, { cause: new Error("insert into test_sets …") });
    expect(JSON.stringify(translate(error).shown)).not.toContain("insert into");
  });
});

describe("an error that nobody expected", () => {
  const pgError = Object.assign(new Error('relation "secrets" does not exist'), { code: "42P01", detail: "select * from secrets", extensions: undefined });

  it.each([
    ["a plain one", pgError],
    ["one behind a GraphQL error", new GraphQLError("secrets", { originalError: pgError })],
    ["one with a cause", new Error("secrets", { cause: pgError })],
    ["one that GraphQL calls internal", new GraphQLError("secrets", { originalError: pgError, extensions: { code: "INTERNAL_SERVER_ERROR", stacktrace: ["secrets.ts:1"] } })],
    ["a thrown text", "secrets"],
    ["nothing at all", undefined],
  ])("%s is masked with the request's id and logged once as it is", (_, error) => {
    const { shown, logged } = translate(error);
    expect(shown.message).toContain("request-1");
    expect(shown.extensions).toEqual({ code: "INTERNAL_SERVER_ERROR", reason: "INTERNAL", requestId: "request-1" });
    expect(JSON.stringify(shown)).not.toContain("secrets");
    expect(shown.originalError).toBeUndefined();
    expect(logged).toEqual([[error, "request-1"]]);
  });

  it("is masked when it goes in circles", () => {
    const [first, second] = [new Error("secrets"), new Error("secrets")];
    first.cause = second;
    second.cause = first;
    expect(translate(first).shown.extensions["code"]).toBe("INTERNAL_SERVER_ERROR");
  });

  it("that a resolver throws is masked also when it is a GraphQL error without a code", async () => {
    const { shown, logged } = translate(await errorOf("{ thrown }", {}, new GraphQLError('Argument "secret" of me')));
    expect(shown.extensions["code"]).toBe("INTERNAL_SERVER_ERROR");
    expect(logged).toHaveLength(1);
  });

  it.each(["{ thrown }", "{ missing }", "{ wrongScalar }", "{ wrongTime }"])("that %s ends in is masked and logged, with its place", async (source) => {
    const { shown, logged } = translate(await errorOf(source, {}, pgError));
    expect(shown.extensions["code"]).toBe("INTERNAL_SERVER_ERROR");
    expect(shown.path).toHaveLength(1);
    expect(shown.message).toContain("request-1");
    expect(shown.message).not.toMatch(/secret/);
    expect(logged).toHaveLength(1);
  });
});

describe("an error of GraphQL's own", () => {
  it("keeps the code that it has", () => {
    const error = new GraphQLError("Too much.", { extensions: { code: "QUERY_TOO_COMPLEX", reason: "TOO_DEEP" } });
    expect(translate(error)).toEqual({ shown: error, logged: [] });
  });

  it.each<[string, Record<string, unknown>]>([
    ["{ nothing }", {}],
    ["{ takes(count: 1.5) }", {}],
    ['{ takes(time: "yesterday") }', {}],
    ["{", {}],
    ["query ($count: Int) { takes(count: $count) }", { count: "many" }],
    ["query ($time: DateTime) { takes(time: $time) }", { time: "yesterday" }],
    ["query ($time: DateTime) { takes(time: $time) }", { time: 5 }],
    ["query ($count: Int!) { takes(count: $count) }", {}],
    // Validation lets a nullable variable stand where there is a default; its null comes to light when it is executed.
    ["query ($trials: Int) { takes(trials: $trials) }", { trials: null }],
  ])("about %s with %j says what is wrong with the input, and is not logged", async (source, variables) => {
    const error = await errorOf(source, variables);
    const { shown, logged } = translate(error);
    expect(shown.extensions["code"]).toBe("BAD_USER_INPUT");
    expect(shown.message).toBe(error.message);
    expect(logged).toEqual([]);
  });

  it("that validation finds in a literal is one, too", () => {
    const [error] = validate(failingWith(null), parse('{ takes(time: "2026-02-30T00:00:00Z") }'));
    expect(translate(error)).toMatchObject({ shown: { extensions: { code: "BAD_USER_INPUT" } }, logged: [] });
  });
});
