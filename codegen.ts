import type { CodegenConfig } from "@graphql-codegen/cli";

/**
 * Typed operations for frontends, from schema.graphql. test/client/ holds the example operations; a frontend points
 * `documents` at its own and keeps the rest.
 */
const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: "test/client/*.graphql",
  importExtension: ".js",
  generates: {
    "test/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false, persistedDocuments: true },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        // How the scalars look in JSON.
        scalars: { DateTime: "string", JSON: "unknown", JSONObject: "Record<string, unknown>", SafeInt: "number" },
      },
    },
  },
};

export default config;
