import type { CallError, ExchangeOutcome } from "../endpoints/index.js";
import type { MetricErrorCode } from "../metrics/index.js";
import { ScoringFault } from "./score.js";

/** A model, a metric or its host gave no usable answer. */
export class ModelCallFault extends ScoringFault {
  constructor(
    code: MetricErrorCode,
    message: string,
    readonly httpStatus: number | null,
  ) {
    super(code, message);
    this.name = "ModelCallFault";
  }
}

/** The body of a usable answer; ModelCallFault for any other. */
export function bodyOf(outcome: ExchangeOutcome): string {
  if (outcome.ok) return outcome.answer.body;
  throw new ModelCallFault(codeOf(outcome.error), outcome.error.message, outcome.error.httpStatus);
}

function codeOf({ type }: CallError): MetricErrorCode {
  switch (type) {
    case "HTTP":
    case "AUTH":
      return "HTTP";
    case "NETWORK":
    case "TIMEOUT":
    case "RATE_LIMIT":
    case "BLOCKED_ADDRESS":
    case "INTERNAL":
      return type;
    case "TOO_LARGE":
    case "RESPONSE_MAPPING":
      return "MALFORMED_ANSWER";
    case "REQUEST_MAPPING":
      return "INVALID_PARAMETERS";
    default:
      return type satisfies never;
  }
}
