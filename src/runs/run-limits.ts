import type { Problem } from "../errors.js";
import { nameProblems } from "../texts.js";
import { userModelProblems } from "./user-model.js";

/** The most trials of a test in one run. */
export const MAX_TRIALS = 100;
const MAX_TIMEOUT_SECONDS = 600;
const MAX_RETRIES = 9;

/** What attributes override of the endpoint's limits: `timeout` is in seconds, `retry_count` counts attempts after the first. */
export function overridesOf(attributes: Readonly<Record<string, unknown>>): { timeoutMs?: number; maxAttempts?: number } {
  const { timeout, retry_count: retryCount } = attributes;
  return {
    ...(typeof timeout === "number" ? { timeoutMs: timeout * 1_000 } : {}),
    ...(typeof retryCount === "number" ? { maxAttempts: retryCount + 1 } : {}),
  };
}

/** What is wrong with the trials, attributes and name of an execution. */
export function executionProblems(args: { trials: number; attributes: Readonly<Record<string, unknown>>; name?: string | null }): Problem[] {
  const problems: Problem[] = args.name == null ? [] : nameProblems("input.name", args.name);
  if (!Number.isInteger(args.trials) || args.trials < 1 || args.trials > MAX_TRIALS) problems.push({ field: "input.trials", message: `There must be 1 to ${MAX_TRIALS} trials; it is ${args.trials}.` });
  const { timeout, retry_count: retryCount } = args.attributes;
  if (timeout !== undefined && (typeof timeout !== "number" || timeout <= 0 || timeout > MAX_TIMEOUT_SECONDS)) problems.push({ field: "input.attributes.timeout", message: `timeout must be a number of seconds up to ${MAX_TIMEOUT_SECONDS}.` });
  if (retryCount !== undefined && (typeof retryCount !== "number" || !Number.isInteger(retryCount) || retryCount < 0 || retryCount > MAX_RETRIES)) problems.push({ field: "input.attributes.retry_count", message: `retry_count must be a whole number from 0 to ${MAX_RETRIES}.` });
  return [...problems, ...userModelProblems(args.attributes, "input.attributes")];
}
