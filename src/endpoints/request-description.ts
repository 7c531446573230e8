import { FormData } from "undici";
import { jsonOrText } from "./answer-reading.js";
import type { CallTarget, CallVariables } from "./call.js";
import { CallFailure } from "./call-failure.js";
import { MASK } from "./endpoint.js";
import type { HttpRequest } from "./http-exchange.js";
import { buildMessage, buildRequest } from "./http-request.js";
import { createRedactor, secretsOf } from "./redaction.js";
import { RequestMappingError, templateValues } from "./request-mapping.js";
import { isSecretName } from "./secret-names.js";

/** A request for people to look at: as it goes out, with *** for every secret. Null when none can be made. */
export function describeRequest(target: CallTarget, variables: CallVariables, idempotencyKey: string): unknown {
  const redactor = createRedactor(secretsOf(target.credentials, target.version.auth));
  try {
    return redactor.value(describe(target, variables, { accessToken: MASK, idempotencyKey }));
  } catch (error) {
    if (error instanceof RequestMappingError || error instanceof CallFailure) return null; // the call itself says why
    throw error;
  }
}

function describe(target: CallTarget, variables: CallVariables, options: { accessToken: string; idempotencyKey: string }): unknown {
  const values = templateValues(variables);
  if (target.version.connectionType === "WEBSOCKET") {
    const { url, headers, message } = buildMessage(target, values, options);
    return { url: url.href, headers: hideSecrets(headers), message: jsonOrText(message) };
  }
  const { url, method, headers, body } = buildRequest(target, values, options);
  return { method, url: url.href, headers: hideSecrets(headers), body: describeBody(body) };
}

function hideSecrets(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, isSecretName(name) ? MASK : value]));
}

function describeBody(body: HttpRequest["body"]): unknown {
  if (body instanceof FormData) return Object.fromEntries(body.entries());
  return body === null ? null : jsonOrText(body);
}
