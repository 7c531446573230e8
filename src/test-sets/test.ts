import type { LabelKind } from "./label.js";
import type { JsonObject, TestType } from "./test-set.js";

/** What a multi-turn test asks for: a simulated user pursues the goal, or sends the scripted turns in order. */
export interface ConversationPlan {
  readonly goal: string | null;
  readonly instructions: string | null;
  readonly restrictions: string | null;
  readonly scenario: string | null;
  readonly minTurns: number | null;
  readonly maxTurns: number;
  readonly scriptedTurns: readonly string[];
}

/** What a single-turn test sends and expects. */
export interface PromptContent {
  readonly content: string;
  readonly expectedResponse: string | null;
  readonly languageCode: string | null;
  readonly context: readonly string[];
}

/** Prompt content as stored: immutable, kept as long as a result refers to it. */
export interface Prompt extends PromptContent {
  readonly organizationId: string;
  readonly id: string;
}

/** What every form of a test carries beside its content. */
export interface TestAttributes {
  readonly type: TestType;
  /** The importer's own key, unique in the set. */
  readonly key: string | null;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
}

export interface LabelIds {
  readonly behaviorId: string | null;
  readonly categoryId: string | null;
  readonly topicId: string | null;
  readonly useCaseId: string | null;
}

/** A test as its set has it now, or had it last before it was removed. */
export interface Test extends TestAttributes, LabelIds {
  readonly organizationId: string;
  readonly id: string;
  readonly testSetId: string;
  /** From 1, with gaps where tests were removed. */
  readonly position: number;
  /** The revision that holds its content. */
  readonly revisionId: string;
  readonly promptId: string | null;
  readonly conversation: ConversationPlan | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** The immutable content of a test in some versions of its set: what a run executes. */
export interface TestRevision extends TestAttributes, LabelIds {
  readonly id: string;
  readonly testId: string;
  readonly testSetId: string;
  readonly position: number;
  readonly prompt: Prompt | null;
  readonly conversation: ConversationPlan | null;
}

/** Tests of one set in one of its versions: the whole set without gaps where `positions` is null, else those at the positions, ascending. */
export interface TestSegment {
  readonly testSetId: string;
  readonly testSetVersion: number;
  readonly testCount: number;
  readonly positions: readonly number[] | null;
}

/** The property of a test that holds a label's id. */
export const LABEL_ID = { behavior: "behaviorId", category: "categoryId", topic: "topicId", useCase: "useCaseId" } as const satisfies Record<LabelKind, keyof LabelIds>;

/** Positions of a segment at the most: what a row of a run's plan holds without growing out of its page by much. */
export const MAX_SEGMENT_POSITIONS = 8192;

/** Cuts the chosen positions of a set into segments; all of a set without gaps is one segment without positions. */
export function segmentsOf(set: { readonly id: string; readonly version: number; readonly lastPosition: number }, positions: readonly number[]): TestSegment[] {
  if (positions.length === 0) return [];
  const whole = { testSetId: set.id, testSetVersion: set.version };
  if (positions.length === set.lastPosition) return [{ ...whole, testCount: positions.length, positions: null }];
  const segments: TestSegment[] = [];
  for (let start = 0; start < positions.length; start += MAX_SEGMENT_POSITIONS) {
    const chunk = positions.slice(start, start + MAX_SEGMENT_POSITIONS);
    segments.push({ ...whole, testCount: chunk.length, positions: chunk });
  }
  return segments;
}
