/** The four ways to group tests across sets, each with a table of its own. */
export const LabelKind = { BEHAVIOR: "behavior", CATEGORY: "category", TOPIC: "topic", USE_CASE: "useCase" } as const;
export type LabelKind = (typeof LabelKind)[keyof typeof LabelKind];

/** In the order in which transactions write them: one order for all, so that no two wait for each other. */
export const LABEL_KINDS: readonly LabelKind[] = [LabelKind.BEHAVIOR, LabelKind.CATEGORY, LabelKind.TOPIC, LabelKind.USE_CASE];

/** A behavior, category, topic or use case: a name of the organization, unique ignoring case, that tests carry. */
export interface Label {
  readonly organizationId: string;
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Date;
}

/** The name that messages use. */
export const LABEL_THING: Readonly<Record<LabelKind, string>> = { behavior: "behavior", category: "category", topic: "topic", useCase: "use case" };
