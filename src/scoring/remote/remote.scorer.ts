import { createHash } from "node:crypto";
import type { Finding } from "../finding.js";
import { ScoringFault } from "../score.js";
import type { ScoringContext } from "../scoring-context.js";
import { readRemoteAnswer } from "./remote-answer.js";
import { remoteRequest } from "./remote-request.js";
import { SIGNATURE_HEADER, signatureOf } from "./remote-signature.js";

/** Judges by a service of the user's own. ScoringFault where there is no verdict. */
export async function scoreByRemote({ metric, definition, input, calls }: Pick<ScoringContext, "metric" | "definition" | "input" | "calls">): Promise<Finding> {
  if (definition.url === null) throw new ScoringFault("INVALID_PARAMETERS", "The REMOTE metric has no url. Give it one.");
  const { secret, send } = await calls.remote(metric.metricId);
  const body = JSON.stringify(remoteRequest(definition, input));
  // The same for every attempt, also after a crash: a receiver may answer a repeat from what it kept.
  const key = createHash("sha256").update(`${input.resultId} ${metric.metricId} ${body}`).digest("hex").slice(0, 32);
  const headers = { accept: "application/json", "user-agent": "assay-gateway", "idempotency-key": key };
  // Signed anew for each attempt: waiting may take longer than a receiver's patience with old signatures.
  const answer = await send(definition.url, body, (at) => (secret === null ? headers : { ...headers, [SIGNATURE_HEADER]: signatureOf(secret, body, at) }));
  return readRemoteAnswer(definition, answer);
}
