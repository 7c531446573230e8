import { expect, test } from "vitest";
import { sourcesBelow } from "./sources.js";

// Traces are off by default, and then cost nothing: no start of any process loads OpenTelemetry.
test("OpenTelemetry is imported by the one file that sends traces, which is imported on demand", () => {
  const sources = sourcesBelow("src");
  const users = sources.filter(({ imports }) => imports.some(({ target, isType }) => !isType && target.startsWith("@opentelemetry/")));
  expect(users.map(({ path }) => path)).toEqual(["src/observability/otlp-tracer.ts"]);
  const eager = sources.filter(({ imports }) => imports.some(({ target, isType, isDynamic }) => !isType && !isDynamic && target === "src/observability/otlp-tracer.ts"));
  expect(eager.map(({ path }) => path)).toEqual([]);
});
