import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import type { Project, User } from "../accounts/index.js";
import { ProjectType, UserType } from "../accounts/graphql.js";
import { NotFoundError } from "../errors.js";
import { type Connection, type Context, EntityRefInput, pageArgs, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { Test } from "./test.js";
import { normalizeTestFilter } from "./test-filter.js";
import { TestsArguments } from "./test.inputs.js";
import type { TestOrder } from "./test.repository.js";
import { TestConnectionType } from "./test.type.js";
import type { TestSet } from "./test-set.js";
import { CreateTestSetInput, TestSetsArguments, UpdateTestSetInput } from "./test-set.inputs.js";
import type { TestSetOrder } from "./test-set.repository.js";
import type { TestSetService } from "./test-set.service.js";
import { TestSetConnectionType, TestSetType } from "./test-set.type.js";

const NEWEST_FIRST: TestSetOrder = { field: "CREATED_AT", direction: "DESC" };
const BY_POSITION: TestOrder = { field: "POSITION", direction: "ASC" };

/** Test sets and their tests. */
@Resolver(() => TestSetType)
export class TestSetResolver {
  readonly #testSets: TestSetService;

  constructor(testSets: TestSetService) {
    this.#testSets = testSets;
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestSetType, { nullable: true, description: "The test set of the id (deleted ones included) or name; null when there is none." })
  testSet(
    @Arg("ref", () => EntityRefInput, { description: "Which set." }) ref: EntityRefInput,
    @Arg("projectId", () => ID, { nullable: true, description: "The project to look in; all of them where it is absent." }) projectId: string | null,
    @Ctx() context: Context,
  ): Promise<TestSet | null> {
    return this.#testSets.findTestSet(context.viewer, ref, projectId);
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestSetConnectionType, { description: "The test sets that are not deleted." })
  async testSets(@Args(() => TestSetsArguments) args: TestSetsArguments, @Ctx() { viewer }: Context): Promise<Connection<TestSet>> {
    const filter = args.filter ?? null;
    const page = await this.#testSets.listTestSets(viewer, { filter, orderBy: args.orderBy ?? NEWEST_FIRST, page: pageArgs(args) });
    return toConnection(page, () => this.#testSets.countTestSets(viewer, filter));
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestSetType, { description: "Makes a test set, with its first tests." })
  createTestSet(@Arg("input", () => CreateTestSetInput, { description: "The set." }) input: CreateTestSetInput, @Ctx() context: Context): Promise<TestSet> {
    const { name, type, description = null, projectId = null } = input;
    return this.#testSets.createTestSet(context.viewer, { name, type, description, projectId, tags: input.tags ?? [], attributes: input.attributes ?? {}, tests: input.tests ?? [], metrics: input.metrics ?? [] });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestSetType, { description: "Changes a test set; its tests and its version stay." })
  updateTestSet(@Arg("input", () => UpdateTestSetInput, { description: "Which set, and what changes." }) input: UpdateTestSetInput, @Ctx() context: Context): Promise<TestSet> {
    const { testSet, name, description, tags, attributes, metrics } = input;
    return this.#testSets.updateTestSet(context.viewer, testSet, { name, description, tags, attributes, metrics });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ID, { description: "Hides a test set and frees its name; its runs and results stay. Answers its id." })
  deleteTestSet(@Arg("ref", () => EntityRefInput, { description: "Which set." }) ref: EntityRefInput, @Ctx() context: Context): Promise<string> {
    return this.#testSets.deleteTestSet(context.viewer, ref);
  }

  @FieldResolver(() => TestConnectionType, { description: "The tests of its present version." })
  async tests(@Root() testSet: TestSet, @Args(() => TestsArguments) args: TestsArguments, @Ctx() context: Context): Promise<Connection<Test>> {
    const filter = normalizeTestFilter(args.filter);
    const { testsPage, testsCount } = context.loaders.testSets;
    const page = await testsPage.load({ parentId: testSet.id, args: { filter, orderBy: args.orderBy ?? BY_POSITION, page: pageArgs(args) } });
    return toConnection(page, () => (filter === null ? Promise.resolve(testSet.testCount) : testsCount.load({ parentId: testSet.id, args: { filter } })));
  }

  @FieldResolver(() => ProjectType, { description: "The project that the set is part of." })
  async project(@Root() testSet: TestSet, @Ctx() context: Context): Promise<Project> {
    const project = await context.loaders.accounts.projectById.load(testSet.projectId);
    if (project === null) throw new NotFoundError("project", testSet.projectId);
    return project;
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who made the set; null where nobody is known." })
  createdBy(@Root() testSet: TestSet, @Ctx() context: Context): Promise<User | null> | null {
    return testSet.createdById === null ? null : context.loaders.accounts.userById.load(testSet.createdById);
  }
}
