import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";

export { ImportResolver } from "./importing/import.resolver.js";
export { LabelResolver } from "./label.resolver.js";
export { BehaviorType, CategoryType, TopicType, UseCaseType } from "./label.type.js";
export { TestFilterInput } from "./test.inputs.js";
export { TestResolver } from "./test.resolver.js";
export { TestSetResolver } from "./test-set.resolver.js";
export { TestSetType } from "./test-set.type.js";
export { ConversationPlanType, PromptType, TestObjectType } from "./test.type.js";

/** How `node` finds what this room holds. */
export const testSetNodes: readonly NodeSource[] = [
  { kind: IdKind.TEST_SET, typename: "TestSet", load: (loaders, id) => loaders.testSets.testSetById.load(id) },
  { kind: IdKind.TEST, typename: "Test", load: (loaders, id) => loaders.testSets.testById.load(id) },
  { kind: IdKind.PROMPT, typename: "Prompt", load: (loaders, id) => loaders.testSets.promptById.load(id) },
  { kind: IdKind.BEHAVIOR, typename: "Behavior", load: (loaders, id) => loaders.testSets.behaviorById.load(id) },
  { kind: IdKind.CATEGORY, typename: "Category", load: (loaders, id) => loaders.testSets.categoryById.load(id) },
  { kind: IdKind.TOPIC, typename: "Topic", load: (loaders, id) => loaders.testSets.topicById.load(id) },
  { kind: IdKind.USE_CASE, typename: "UseCase", load: (loaders, id) => loaders.testSets.useCaseById.load(id) },
];
