import { CamelCasePlugin } from "kysely";

/**
 * The only case conversion. Without `maintainNestedObjectKeys` it would rewrite keys inside jsonb
 * (`max_tokens` to `maxTokens`), which is fatal for stored outputs and mappings.
 */
export const camelCasePlugin = new CamelCasePlugin({ maintainNestedObjectKeys: true });
