import type { Problem } from "../errors.js";
import { onlyPlaceholder, parseTemplate } from "../templates.js";
import { MASK } from "./endpoint.js";
import { isSecretName } from "./secret-names.js";

/** Headers or query parameters, apart: what may be shown, with *** for each secret, and the secrets. */
export interface SplitValues {
  readonly shown: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

export const NO_VALUES: SplitValues = { shown: {}, secrets: {} };

/**
 * Takes the secrets out of headers or query parameters: what has a secret's name, unless it is only a placeholder. The
 * value *** keeps the secret that is stored under the name. Problems never repeat a value.
 */
export function splitSecrets(given: Readonly<Record<string, unknown>>, stored: SplitValues, args: { field: string; ignoreCase: boolean }): SplitValues & { readonly problems: readonly Problem[] } {
  const shown: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(given)) {
    const field = `${args.field}.${name}`;
    const text = toText(value);
    if (text === null) problems.push({ field, message: "The value must be a text, a number, true or false." });
    else if (text === MASK) {
      const secret = storedSecret(stored.secrets, name, args.ignoreCase);
      if (secret === null) problems.push({ field, message: `${MASK} keeps a stored secret, and there is none of this name. Give the value.` });
      else [shown[name], secrets[name]] = [MASK, secret];
    } else {
      problems.push(...parseTemplate(text).problems.map((message) => ({ field, message: isSecretName(name) ? "The value is not a valid template." : message })));
      if (!isSecret(name, text)) shown[name] = text;
      else [shown[name], secrets[name]] = [MASK, text];
    }
  }
  return { shown, secrets, problems };
}

function isSecret(name: string, text: string): boolean {
  return isSecretName(name) && text !== "" && onlyPlaceholder(parseTemplate(text).template) === null;
}

function toText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

function storedSecret(secrets: Readonly<Record<string, string>>, name: string, ignoreCase: boolean): string | null {
  const found = Object.entries(secrets).find(([stored]) => stored === name || (ignoreCase && stored.toLowerCase() === name.toLowerCase()));
  return found?.[1] ?? null;
}
