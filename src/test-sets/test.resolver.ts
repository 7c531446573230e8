import { Arg, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { NotFoundError } from "../errors.js";
import { type Context, EntityRefInput } from "../graphql/index.js";
import { IdKind, isId } from "../ids.js";
import { Role } from "../viewer.js";
import type { Label } from "./label.js";
import { BehaviorType, CategoryType, TopicType, UseCaseType } from "./label.type.js";
import type { Prompt, Test } from "./test.js";
import { TestInput, UpdateTestInput } from "./test.inputs.js";
import type { TestService } from "./test.service.js";
import { PromptType, TestObjectType } from "./test.type.js";
import type { TestSet } from "./test-set.js";
import { TestSetType } from "./test-set.type.js";

/** Tests by themselves. */
@Resolver(() => TestObjectType)
export class TestResolver {
  readonly #tests: TestService;

  constructor(tests: TestService) {
    this.#tests = tests;
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestObjectType, { nullable: true, description: "The test of the id, removed ones included; null when there is none." })
  test(@Arg("id", () => ID, { description: "The test's id." }) id: string, @Ctx() context: Context): Promise<Test | null> | null {
    return isId(id, IdKind.TEST) ? context.loaders.testSets.testById.load(id) : null;
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestObjectType, { description: "Adds a test at the end of a set." })
  createTest(
    @Arg("testSet", () => EntityRefInput, { description: "Which set." }) testSet: EntityRefInput,
    @Arg("test", () => TestInput, { description: "The test." }) test: TestInput,
    @Ctx() context: Context,
  ): Promise<Test> {
    return this.#tests.createTest(context.viewer, testSet, test);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestSetType, { description: "Adds tests at the end of a set, all or none. At most 1,000 in one call." })
  addTests(
    @Arg("testSet", () => EntityRefInput, { description: "Which set." }) testSet: EntityRefInput,
    @Arg("tests", () => [TestInput], { description: "The tests in order, at most 1,000." }) tests: TestInput[],
    @Ctx() context: Context,
  ): Promise<TestSet> {
    return this.#tests.addTests(context.viewer, testSet, tests);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestObjectType, { description: "Edits a test in its place. Runs keep the content that they ran." })
  updateTest(@Arg("input", () => UpdateTestInput, { description: "Which test, and what changes." }) input: UpdateTestInput, @Ctx() context: Context): Promise<Test> {
    return this.#tests.updateTest(context.viewer, input.id, input.test);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestSetType, { description: "Removes tests from a set, all or none. Runs keep what they ran." })
  removeTests(
    @Arg("testSet", () => EntityRefInput, { description: "Which set." }) testSet: EntityRefInput,
    @Arg("ids", () => [ID], { description: "The tests' ids." }) ids: string[],
    @Ctx() context: Context,
  ): Promise<TestSet> {
    return this.#tests.removeTests(context.viewer, testSet, ids);
  }

  @FieldResolver(() => PromptType, { nullable: true, description: "What a single-turn test sends; null for a multi-turn test." })
  prompt(@Root() test: Test, @Ctx() context: Context): Promise<Prompt | null> | null {
    return test.promptId === null ? null : context.loaders.testSets.promptById.load(test.promptId);
  }

  @FieldResolver(() => BehaviorType, { nullable: true, description: "What the test checks; null where nobody said." })
  behavior(@Root() test: Test, @Ctx() context: Context): Promise<Label | null> | null {
    return test.behaviorId === null ? null : context.loaders.testSets.behaviorById.load(test.behaviorId);
  }

  @FieldResolver(() => CategoryType, { nullable: true, description: "The kind of test; null where nobody said." })
  category(@Root() test: Test, @Ctx() context: Context): Promise<Label | null> | null {
    return test.categoryId === null ? null : context.loaders.testSets.categoryById.load(test.categoryId);
  }

  @FieldResolver(() => TopicType, { nullable: true, description: "What the test is about; null where nobody said." })
  topic(@Root() test: Test, @Ctx() context: Context): Promise<Label | null> | null {
    return test.topicId === null ? null : context.loaders.testSets.topicById.load(test.topicId);
  }

  @FieldResolver(() => UseCaseType, { nullable: true, description: "What the application is used for in the test; null where nobody said." })
  useCase(@Root() test: Test, @Ctx() context: Context): Promise<Label | null> | null {
    return test.useCaseId === null ? null : context.loaders.testSets.useCaseById.load(test.useCaseId);
  }

  @FieldResolver(() => TestSetType, { description: "The set that the test is or was part of." })
  async testSet(@Root() test: Test, @Ctx() context: Context): Promise<TestSet> {
    const set = await context.loaders.testSets.testSetById.load(test.testSetId);
    if (set === null) throw new NotFoundError("test set", test.testSetId);
    return set;
  }
}
