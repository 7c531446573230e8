import type { Problem } from "../errors.js";
import { DEFAULT_LIMITS, type EndpointLimits } from "./endpoint.js";
import type { LimitsInput } from "./endpoint-input.js";

const RANGES = {
  timeoutMs: [1, 600_000],
  maxConcurrency: [1, 1000],
  requestsPerMinute: [1, 2 ** 31 - 1],
  maxAttempts: [1, 10],
} as const satisfies Record<keyof EndpointLimits, readonly [number, number]>;

/** The present limits with the given ones laid over them: absent keeps, null is the default. */
export function mergeLimits(present: EndpointLimits, input: LimitsInput | null | undefined): EndpointLimits {
  if (input === null) return DEFAULT_LIMITS;
  if (input === undefined) return present;
  const of = <K extends keyof EndpointLimits>(name: K): EndpointLimits[K] => (input[name] === undefined ? present[name] : ((input[name] ?? DEFAULT_LIMITS[name]))); // the input's field has the limit's type, or null
  return { timeoutMs: of("timeoutMs"), maxConcurrency: of("maxConcurrency"), requestsPerMinute: of("requestsPerMinute"), maxAttempts: of("maxAttempts") };
}

/** What of the limits is out of range. */
export function limitProblems(limits: EndpointLimits, field: string): Problem[] {
  return Object.entries(RANGES).flatMap(([name, [minimum, maximum]]) => {
    const value = limits[name as keyof EndpointLimits]; // the ranges' keys are the limits'
    if (value === null || (value >= minimum && value <= maximum)) return [];
    return [{ field: `${field}.${name}`, message: `${name} must be from ${minimum} to ${maximum}; it is ${value}.` }];
  });
}
