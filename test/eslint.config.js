import graphqlPlugin from "@graphql-eslint/eslint-plugin";
import tseslint from "typescript-eslint";

const typed = {
  files: ["**/*.ts", "**/*.tsx"],
  extends: [...tseslint.configs.recommendedTypeChecked],
  languageOptions: { parserOptions: { project: ["test/tsconfig.json", "src/playground/tsconfig.json"], tsconfigRootDir: new URL("..", import.meta.url).pathname } },
  linterOptions: { reportUnusedDisableDirectives: "error" },
  rules: {
    "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
    // `import { type A }` still loads the file.
    "@typescript-eslint/no-import-type-side-effects": "error",
    "@typescript-eslint/no-explicit-any": "error",
    "@typescript-eslint/no-floating-promises": "error",
    "@typescript-eslint/no-non-null-assertion": "error",
    "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true }],
    // An interface's method may have nothing to wait for in one of its implementations.
    "@typescript-eslint/require-await": "off",
    // Numbers in messages are what they look like.
    "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    // A caught error may be of any kind; rethrowing it as it is keeps its stack.
    "@typescript-eslint/only-throw-error": ["error", { allowRethrowing: true, allowThrowingUnknown: true }],
    "@typescript-eslint/prefer-promise-reject-errors": ["error", { allowThrowingUnknown: true }],
    eqeqeq: ["error", "always", { null: "ignore" }],
    "no-restricted-syntax": [
      "error",
      { selector: "ExportDefaultDeclaration", message: "Exports are named, so that a search finds every use." },
      { selector: "TSEnumDeclaration", message: "An enum is one `const … as const`: it serves the check constraint, TypeScript and the schema." },
    ],
  },
};

/** What production code owes and tests do not. */
const production = {
  files: ["src/**/*.ts"],
  rules: {
    "no-console": "error", // the log and a bin's own streams are the two ways out
    "max-depth": ["error", 3],
    "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
  },
};

/** Wiring is one list read top to bottom: cutting it in two would only hide half of it. */
const wiring = {
  files: ["src/app/services.ts", "src/app/resolvers.ts"],
  rules: { "max-lines-per-function": "off" },
};

const environment = {
  files: ["src/**/*.ts"],
  ignores: ["src/config/**"],
  rules: { "no-restricted-properties": ["error", { object: "process", property: "env", message: "Only config/ reads the environment; everything else is given what it needs." }] },
};

/** Answers of GraphQL are what the test says they are, and a migration knows no types of the code. */
const tests = {
  files: ["test/**/*.ts", "migrations/**/*.ts", "codegen.ts"],
  rules: {
    "@typescript-eslint/no-explicit-any": "off",
    "@typescript-eslint/no-unsafe-argument": "off",
    "@typescript-eslint/no-unsafe-assignment": "off",
    "@typescript-eslint/no-unsafe-call": "off",
    "@typescript-eslint/no-unsafe-member-access": "off",
    "@typescript-eslint/no-unsafe-return": "off",
    "@typescript-eslint/no-non-null-assertion": "off",
    "@typescript-eslint/unbound-method": "off",
  },
};

/** Tools that load their configuration demand a default export. */
const configuration = {
  files: ["codegen.ts", "**/*.d.ts", "test/*.config.ts", "test/support/global-setup.ts", "src/playground/vite.config.ts"],
  rules: { "no-restricted-syntax": "off" },
};

const schema = {
  files: ["schema.graphql"],
  plugins: { "@graphql-eslint": graphqlPlugin },
  languageOptions: { parser: graphqlPlugin.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
  rules: {
    ...graphqlPlugin.configs["flat/schema-recommended"].rules,
    ...graphqlPlugin.configs["flat/schema-relay"].rules,
    "@graphql-eslint/require-description": [
      "error",
      { types: true, rootField: true, DirectiveDefinition: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true },
    ],
    // What has an id implements Node, which demands it; the rest are values, connections, edges and events.
    "@graphql-eslint/strict-id-in-types": "off",
    // The contract's own names: Test.testSet, Model.model.
    "@graphql-eslint/no-typename-prefix": "off",
    // Connections have `nodes` beside `edges`, and plain lists are plain lists.
    "@graphql-eslint/relay-edge-types": ["error", { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false }],
  },
};

export default tseslint.config(
  { ignores: ["dist/**", "coverage/**", "test/generated/**", "test/bots/**", "src/playground/**/generated/**", "**/*.mjs"] },
  typed,
  production,
  wiring,
  environment,
  tests,
  configuration,
  schema,
);
