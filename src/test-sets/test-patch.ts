import type { Problem } from "../errors.js";
import { LABEL_KINDS, type LabelKind } from "./label.js";
import { type ConversationPlan, LABEL_ID, type LabelIds, type PromptContent, type TestAttributes } from "./test.js";
import { jsonFault, nameProblems, textFault } from "../texts.js";
import { type JsonObject, tagProblems, TestType } from "./test-set.js";

/** Turns of a conversation at the most. */
export const MAX_TURNS = 50;
export const DEFAULT_MAX_TURNS = 10;
/** A key is part of an index entry, which holds 2.7 kB at the most. */
const MAX_KEY_LENGTH = 500;

/** A field that is absent keeps, null clears, a list replaces. */
type Patch<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** What is said about a test, new or edited: the labels by name. */
export interface TestPatch extends Patch<Record<LabelKind, string>> {
  readonly key?: string | null | undefined;
  readonly prompt?: Patch<PromptContent> | null | undefined;
  readonly conversation?: Patch<ConversationPlan> | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly metadata?: JsonObject | null | undefined;
}

/** A label that a test keeps by its id, or is given by name. */
export type LabelChoice = { readonly id: string } | { readonly name: string } | null;

/** A test's whole content, ready to be stored once the labels' names have ids. */
export interface TestDraft extends TestAttributes {
  readonly prompt: PromptContent | null;
  readonly conversation: ConversationPlan | null;
  readonly labels: Readonly<Record<LabelKind, LabelChoice>>;
}

/** A test's whole content as stored. */
export type TestContent = Omit<TestDraft, "labels"> & LabelIds;

/** A draft with what is wrong with it. `mismatch`: the patch is for the other type of test. */
export interface CheckedDraft {
  readonly draft: TestDraft;
  readonly problems: readonly Problem[];
  readonly mismatch: boolean;
}

const NO_CONTENT: Omit<TestContent, "type"> = { key: null, prompt: null, conversation: null, tags: [], metadata: {}, behaviorId: null, categoryId: null, topicId: null, useCaseId: null };

/** Lays a patch over a test's content (null for a new test) and checks the outcome. `field` is the patch's path in the input. */
export function applyPatch(type: TestType, current: TestContent | null, patch: TestPatch, field: string): CheckedDraft {
  const base = current ?? NO_CONTENT;
  const foreign = type === TestType.SINGLE_TURN ? "conversation" : "prompt";
  const mismatch = patch[foreign] != null;
  const draft: TestDraft = {
    type,
    key: kept(patch.key, base.key, null),
    prompt: type === TestType.SINGLE_TURN ? mergePrompt(base.prompt, patch.prompt) : null,
    conversation: type === TestType.MULTI_TURN ? mergeConversation(base.conversation, patch.conversation) : null,
    tags: [...new Set(kept(patch.tags, base.tags, []))],
    metadata: kept(patch.metadata, base.metadata, {}),
    labels: mergeLabels(base, patch),
  };
  const problems = mismatch ? [{ field: `${field}.${foreign}`, message: mismatchMessage(type) }] : contentProblems(draft, field);
  return { draft, problems: [...problems, ...attributeProblems(draft, field)], mismatch };
}

function mismatchMessage(type: TestType): string {
  return type === TestType.SINGLE_TURN ? "The set is SINGLE_TURN: its tests have a prompt, not a conversation." : "The set is MULTI_TURN: its tests have a conversation, not a prompt.";
}

function kept<T>(value: T | null | undefined, current: T, cleared: T): T {
  return value === undefined ? current : (value ?? cleared);
}

function mergePrompt(current: PromptContent | null, patch: TestPatch["prompt"]): PromptContent | null {
  if (patch === undefined) return current;
  if (patch === null) return null;
  return {
    content: kept(patch.content, current?.content ?? "", ""),
    expectedResponse: kept(patch.expectedResponse, current?.expectedResponse ?? null, null),
    languageCode: kept(patch.languageCode, current?.languageCode ?? null, null),
    context: kept(patch.context, current?.context ?? [], []),
  };
}

function mergeConversation(current: ConversationPlan | null, patch: TestPatch["conversation"]): ConversationPlan | null {
  if (patch === undefined) return current;
  if (patch === null) return null;
  return {
    goal: kept(patch.goal, current?.goal ?? null, null),
    instructions: kept(patch.instructions, current?.instructions ?? null, null),
    restrictions: kept(patch.restrictions, current?.restrictions ?? null, null),
    scenario: kept(patch.scenario, current?.scenario ?? null, null),
    minTurns: kept(patch.minTurns, current?.minTurns ?? null, null),
    maxTurns: kept(patch.maxTurns, current?.maxTurns ?? DEFAULT_MAX_TURNS, DEFAULT_MAX_TURNS),
    scriptedTurns: kept(patch.scriptedTurns, current?.scriptedTurns ?? [], []),
  };
}

function mergeLabels(current: LabelIds, patch: TestPatch): Record<LabelKind, LabelChoice> {
  const choice = (kind: LabelKind): LabelChoice => {
    const name = patch[kind];
    if (name === undefined) return current[LABEL_ID[kind]] === null ? null : { id: current[LABEL_ID[kind]] ?? "" };
    return name === null ? null : { name: name.trim() };
  };
  return { behavior: choice("behavior"), category: choice("category"), topic: choice("topic"), useCase: choice("useCase") };
}

function contentProblems(draft: TestDraft, field: string): Problem[] {
  if (draft.type === TestType.SINGLE_TURN) {
    if (draft.prompt === null) return [{ field: `${field}.prompt`, message: "A single-turn test needs a prompt." }];
    return promptProblems(draft.prompt, `${field}.prompt`);
  }
  if (draft.conversation === null) return [{ field: `${field}.conversation`, message: "A multi-turn test needs a conversation: a goal or scripted turns." }];
  return conversationProblems(draft.conversation, `${field}.conversation`);
}

function promptProblems(prompt: PromptContent, field: string): Problem[] {
  const problems = prompt.content.trim() === "" ? [{ field: `${field}.content`, message: "A single-turn test needs content; it may not be blank." }] : [];
  return [
    ...problems,
    ...textProblems(`${field}.content`, prompt.content),
    ...textProblems(`${field}.expectedResponse`, prompt.expectedResponse),
    ...textProblems(`${field}.languageCode`, prompt.languageCode),
    ...prompt.context.flatMap((text, index) => textProblems(`${field}.context.${index}`, text)),
  ];
}

function textProblems(field: string, text: string | null): Problem[] {
  const fault = text === null ? null : textFault(text);
  return fault === null ? [] : [{ field, message: fault }];
}

function conversationProblems(plan: ConversationPlan, field: string): Problem[] {
  const problems: Problem[] = [];
  if (plan.goal !== null && plan.goal.trim() === "") problems.push({ field: `${field}.goal`, message: "The goal may not be blank. Leave it out where the turns are scripted." });
  if (plan.goal === null && plan.scriptedTurns.length === 0) problems.push({ field, message: "A multi-turn test needs a goal or scripted turns." });
  plan.scriptedTurns.forEach((turn, index) => {
    if (turn.trim() === "") problems.push({ field: `${field}.scriptedTurns.${index}`, message: "A scripted turn may not be blank." });
    problems.push(...textProblems(`${field}.scriptedTurns.${index}`, turn));
  });
  for (const name of ["goal", "instructions", "restrictions", "scenario"] as const) problems.push(...textProblems(`${field}.${name}`, plan[name]));
  return [...problems, ...turnCountProblems(plan, field)];
}

function turnCountProblems(plan: ConversationPlan, field: string): Problem[] {
  const problems: Problem[] = [];
  for (const name of ["minTurns", "maxTurns"] as const) {
    const turns = plan[name];
    if (turns !== null && (!Number.isInteger(turns) || turns < 1 || turns > MAX_TURNS)) problems.push({ field: `${field}.${name}`, message: `It must be from 1 to ${MAX_TURNS}; it is ${turns}.` });
  }
  if (plan.minTurns !== null && plan.minTurns > plan.maxTurns) problems.push({ field: `${field}.minTurns`, message: `It may not be over maxTurns (${plan.maxTurns}); it is ${plan.minTurns}.` });
  // Else the last turns would never be sent, and nobody would be told.
  if (plan.scriptedTurns.length > plan.maxTurns) problems.push({ field: `${field}.scriptedTurns`, message: `There are ${plan.scriptedTurns.length} scripted turns and maxTurns is ${plan.maxTurns}. Raise maxTurns (to ${MAX_TURNS} at the most).` });
  return problems;
}

function attributeProblems(draft: TestDraft, field: string): Problem[] {
  const problems: Problem[] = [];
  if (draft.key !== null) {
    if (draft.key.trim() === "") problems.push({ field: `${field}.key`, message: "The key may not be blank. Leave it out where there is none." });
    if (draft.key.length > MAX_KEY_LENGTH) problems.push({ field: `${field}.key`, message: `It may have ${MAX_KEY_LENGTH} characters; it has ${draft.key.length}.` });
    problems.push(...textProblems(`${field}.key`, draft.key));
  }
  for (const kind of LABEL_KINDS) {
    const label = draft.labels[kind];
    if (label !== null && "name" in label) problems.push(...nameProblems(`${field}.${kind}`, label.name));
  }
  const fault = jsonFault(draft.metadata);
  return [...problems, ...tagProblems(`${field}.tags`, draft.tags), ...(fault === null ? [] : [{ field: `${field}.metadata`, message: fault }])];
}
