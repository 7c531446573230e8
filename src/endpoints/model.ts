import type { Selectable } from "kysely";
import { assertNoProblems, BadUserInputError, type Problem } from "../errors.js";
import type { EntityRef } from "../entity-ref.js";
import { storableText } from "../db/index.js";
import { DEFAULT_LIMITS, type EndpointLimits, MASK } from "./endpoint.js";
import type { LimitsInput } from "./endpoint-input.js";
import { type UrlProblem, urlProblems } from "./endpoint-url.js";
import { limitProblems, mergeLimits } from "./limits.js";
import type { ModelTable } from "./model.table.js";

/** An OpenAI-compatible model: written by hand, because it never holds the key, so no field of it can show it. */
export interface Model extends Pick<Selectable<ModelTable>, "organizationId" | "id" | "name" | "provider" | "baseUrl" | "model" | "embeddingModel" | "inputCostPerMillionTokens" | "outputCostPerMillionTokens" | "createdAt" | "deletedAt"> {
  readonly hasApiKey: boolean;
  readonly limits: EndpointLimits;
}

/** A model with its key, for calling it. Never log it. */
export interface ModelTarget {
  readonly model: Model;
  readonly apiKey: string | null;
}

/** What a sealed key is bound to: it opens for this model alone. */
export function placeOfModel(id: string): string {
  return `model ${id}`;
}

interface ModelSettingsInput {
  readonly embeddingModel?: string | null | undefined;
  readonly apiKey?: string | null | undefined;
  readonly limits?: LimitsInput | null | undefined;
  readonly inputCostPerMillionTokens?: number | null | undefined;
  readonly outputCostPerMillionTokens?: number | null | undefined;
}

export interface CreateModelArgs extends ModelSettingsInput {
  readonly name: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly model: string;
}

/** Absent keeps, null clears. `model` says which one, `modelName` is what its provider calls it. */
export interface UpdateModelArgs extends ModelSettingsInput {
  readonly model: EntityRef;
  readonly name?: string | null | undefined;
  readonly baseUrl?: string | null | undefined;
  readonly modelName?: string | null | undefined;
}

/** A model as it shall be stored. */
export interface ModelDraft extends Pick<Model, "name" | "provider" | "baseUrl" | "model" | "embeddingModel" | "limits" | "inputCostPerMillionTokens" | "outputCostPerMillionTokens"> {
  readonly apiKey: string | null;
}

const MAX_TEXT = 255;

/** The model that the input asks for. BAD_USER_INPUT with all problems; reason BLOCKED_ADDRESS for a private address. */
export function modelDraft(args: CreateModelArgs, allowPrivate: boolean): ModelDraft {
  const draft: ModelDraft = {
    name: args.name.trim(),
    provider: args.provider.trim(),
    baseUrl: args.baseUrl,
    model: args.model.trim(),
    embeddingModel: args.embeddingModel ?? null,
    apiKey: args.apiKey ?? null,
    limits: mergeLimits(DEFAULT_LIMITS, args.limits),
    inputCostPerMillionTokens: args.inputCostPerMillionTokens ?? null,
    outputCostPerMillionTokens: args.outputCostPerMillionTokens ?? null,
  };
  const masked = args.apiKey === MASK ? [{ field: "input.apiKey", message: `${MASK} keeps a stored key, and there is none yet. Give the key.` }] : [];
  return checked(draft, masked, { model: "model", allowPrivate });
}

/** The model with the changes: absent keeps, null clears or is the default, *** keeps the key. Fails as `modelDraft`. */
export function changedModelDraft(present: ModelTarget, args: UpdateModelArgs, allowPrivate: boolean): ModelDraft {
  const { model } = present;
  const keep = <T>(given: T | null | undefined, stored: T | null): T | null => (given === undefined ? stored : given);
  const problems = (["name", "baseUrl", "modelName"] as const).filter((field) => args[field] === null).map((field) => ({ field: `input.${field}`, message: `A model needs its ${field}; it cannot be cleared.` }));
  const draft: ModelDraft = {
    name: (args.name ?? model.name).trim(),
    provider: model.provider,
    baseUrl: args.baseUrl ?? model.baseUrl,
    model: (args.modelName ?? model.model).trim(),
    embeddingModel: keep(args.embeddingModel, model.embeddingModel),
    apiKey: args.apiKey === MASK ? present.apiKey : keep(args.apiKey, present.apiKey),
    limits: mergeLimits(model.limits, args.limits),
    inputCostPerMillionTokens: keep(args.inputCostPerMillionTokens, model.inputCostPerMillionTokens),
    outputCostPerMillionTokens: keep(args.outputCostPerMillionTokens, model.outputCostPerMillionTokens),
  };
  return checked(draft, problems, { model: "modelName", allowPrivate });
}

function checked(draft: ModelDraft, problems: readonly Problem[], args: { model: string; allowPrivate: boolean }): ModelDraft {
  const all: UrlProblem[] = [...problems];
  for (const [field, text] of [["name", draft.name], ["provider", draft.provider], [args.model, draft.model], ["embeddingModel", draft.embeddingModel]] as const) {
    if (text === null) continue;
    if (text.trim() === "" || text.length > MAX_TEXT || storableText(text) !== text) all.push({ field: `input.${field}`, message: `It has 1 to ${MAX_TEXT} characters, none of them U+0000, and is not blank.` });
  }
  all.push(...urlProblems(draft.baseUrl, { field: "input.baseUrl", schemes: ["http:", "https:"], allowPrivate: args.allowPrivate }));
  if (draft.apiKey !== null && !/^[\x21-\x7e]+$/.test(draft.apiKey)) all.push({ field: "input.apiKey", message: "A key has printable ASCII characters only, without blanks." });
  all.push(...limitProblems(draft.limits, "input.limits"));
  for (const field of ["inputCostPerMillionTokens", "outputCostPerMillionTokens"] as const) {
    const cost = draft[field];
    if (cost !== null && !(Number.isFinite(cost) && cost >= 0)) all.push({ field: `input.${field}`, message: "A cost is 0 or more." });
  }
  const blocked = all.find((problem) => problem.isBlocked);
  if (blocked !== undefined) throw new BadUserInputError(`${blocked.field}: ${blocked.message}`, all.map(({ field, message }) => ({ field, message })), "BLOCKED_ADDRESS");
  assertNoProblems(all);
  return draft;
}
