export * from "./connection.js";
export * from "./context.js";
export * from "./filters.js";
export * from "./node.js";
export * from "./node-registry.js";
export * from "./public-error.js";
export * from "./scalars.js";
export { selects } from "./selection.js";
