export { ComparisonResolver, RunComparisonResolver } from "./comparison.resolver.js";
export { TestComparisonResolver } from "./test-comparison.resolver.js";
export { GateResolver } from "./gate.resolver.js";
export { FlakyTestResolver, FlakyTestsResolver, TestHistoryPointResolver, TestHistoryResolver } from "./test-history.resolver.js";
