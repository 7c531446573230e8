export { type ComparisonLoaders, createComparisonLoaders } from "./comparison.loaders.js";
export { ComparisonService } from "./comparison.service.js";
export { assertPolicy, type GatePolicy, type MetricGate } from "./gate-policy.js";
export { GateService } from "./gate.service.js";
export { createTestHistoryLoaders, type TestHistoryLoaders } from "./test-history.loaders.js";
