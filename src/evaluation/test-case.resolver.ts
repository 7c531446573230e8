import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import { ProjectType, UserType } from "../accounts/graphql.js";
import type { Project, User } from "../accounts/index.js";
import { NotFoundError } from "../errors.js";
import { type Connection, type Context, EntityRefInput, pageArgs, PageArguments, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import { CreateEvaluationTestCaseInput, RunsOfTestCaseArguments, type StarMetricInput, TestCasesArguments, UpdateEvaluationTestCaseInput } from "./evaluation.inputs.js";
import type { EvaluationRun } from "./evaluation-run.js";
import { EvaluationRunConnectionType } from "./evaluation-run.type.js";
import type { EvaluationTestCase, EvaluationTestCaseVersion } from "./test-case.js";
import type { StarMetricChoice, TestCaseService } from "./test-case.service.js";
import { EvaluationTestCaseConnectionType, EvaluationTestCaseType, EvaluationTestCaseVersionConnectionType } from "./test-case.type.js";

/** Evaluation test cases, with what they have. */
@Resolver(() => EvaluationTestCaseType)
export class EvaluationTestCaseResolver {
  readonly #testCases: TestCaseService;

  constructor(testCases: TestCaseService) {
    this.#testCases = testCases;
  }

  @Authorized(Role.VIEWER)
  @Query(() => EvaluationTestCaseType, { nullable: true, description: "The evaluation test case of the id or name; null when there is none. A name that several projects have is CONFLICT (AMBIGUOUS_NAME)." })
  evaluationTestCase(
    @Arg("ref", () => EntityRefInput, { description: "Which test case." }) ref: EntityRefInput,
    @Arg("projectId", () => ID, { nullable: true, description: "Only in this project." }) projectId: string | null | undefined,
    @Ctx() { viewer }: Context,
  ): Promise<EvaluationTestCase | null> {
    return this.#testCases.find(viewer, ref, projectId ?? null);
  }

  @Authorized(Role.VIEWER)
  @Query(() => EvaluationTestCaseConnectionType, { description: "Evaluation test cases, newest first." })
  async evaluationTestCases(@Args(() => TestCasesArguments) args: TestCasesArguments, @Ctx() { viewer }: Context): Promise<Connection<EvaluationTestCase>> {
    const filter = { name: args.name ?? null, projectId: args.projectId ?? null, includeArchived: args.includeArchived };
    return toConnection(await this.#testCases.list(viewer, { filter, page: pageArgs(args) }), () => this.#testCases.count(viewer, filter));
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => EvaluationTestCaseType, { description: "Makes an evaluation test case with its version 1." })
  createEvaluationTestCase(@Arg("input", () => CreateEvaluationTestCaseInput, { description: "The test case." }) input: CreateEvaluationTestCaseInput, @Ctx() { viewer }: Context): Promise<EvaluationTestCase> {
    return this.#testCases.create(viewer, {
      name: input.name,
      description: input.description ?? null,
      projectId: input.projectId ?? null,
      testSet: input.testSet,
      metrics: input.metrics,
      starMetric: input.starMetric == null ? null : choiceOf(input.starMetric),
    });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => EvaluationTestCaseType, { description: "Makes a new version of an evaluation test case; earlier versions and their runs stay as they are." })
  updateEvaluationTestCase(@Arg("input", () => UpdateEvaluationTestCaseInput, { description: "The change." }) input: UpdateEvaluationTestCaseInput, @Ctx() { viewer }: Context): Promise<EvaluationTestCase> {
    const { testCase, name, description, testSet, metrics, starMetric } = input;
    return this.#testCases.update(viewer, { testCase, name, description, testSet, metrics, starMetric: starMetric == null ? starMetric : choiceOf(starMetric) });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => EvaluationTestCaseType, { description: "Takes an evaluation test case out of lists and frees its name. One that is archived already is answered as it is." })
  archiveEvaluationTestCase(@Arg("ref", () => EntityRefInput, { description: "Which test case." }) ref: EntityRefInput, @Ctx() { viewer }: Context): Promise<EvaluationTestCase> {
    return this.#testCases.archive(viewer, ref);
  }

  @FieldResolver(() => ProjectType, { description: "The project that it belongs to." })
  async project(@Root() { projectId }: EvaluationTestCase, @Ctx() { loaders }: Context): Promise<Project> {
    const project = await loaders.accounts.projectById.load(projectId);
    if (project === null) throw new NotFoundError("project", projectId);
    return project;
  }

  @FieldResolver(() => Int, { description: "How many runs it has had, over all versions." })
  totalRuns(@Root() { id }: EvaluationTestCase, @Ctx() { loaders }: Context): Promise<number> {
    return loaders.evaluation.runCount.load({ parentId: id, args: { version: null, status: null } });
  }

  @FieldResolver(() => Int, { description: "How many runs its latest version has had." })
  latestVersionRuns(@Root() { id }: EvaluationTestCase, @Ctx() { loaders }: Context): Promise<number> {
    return loaders.evaluation.latestVersionRuns.load(id);
  }

  @FieldResolver(() => EvaluationTestCaseVersionConnectionType, { description: "Its versions, newest first." })
  async versions(@Root() { id }: EvaluationTestCase, @Args(() => PageArguments) args: PageArguments, @Ctx() { loaders }: Context): Promise<Connection<EvaluationTestCaseVersion>> {
    const page = await loaders.evaluation.versionsPage.load({ parentId: id, args: pageArgs(args) });
    return toConnection(page, () => loaders.evaluation.versionCount.load(id));
  }

  @FieldResolver(() => EvaluationRunConnectionType, { description: "Its runs, newest first." })
  async evaluationRuns(@Root() { id }: EvaluationTestCase, @Args(() => RunsOfTestCaseArguments) args: RunsOfTestCaseArguments, @Ctx() { loaders }: Context): Promise<Connection<EvaluationRun>> {
    const filter = { version: args.version ?? null, status: args.status ?? null };
    const page = await loaders.evaluation.runsPage.load({ parentId: id, args: { ...filter, page: pageArgs(args) } });
    return toConnection(page, () => loaders.evaluation.runCount.load({ parentId: id, args: filter }));
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who made it; null where nobody is known." })
  createdBy(@Root() { createdById }: EvaluationTestCase, @Ctx() { loaders }: Context): Promise<User | null> | null {
    return createdById === null ? null : loaders.accounts.userById.load(createdById);
  }
}

function choiceOf(input: StarMetricInput): StarMetricChoice {
  return { metric: input.metric, successThreshold: input.successThreshold ?? null, successThresholdPct: input.successThresholdPct ?? null };
}
