import { Arg, Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { Endpoint } from "../endpoints/index.js";
import { EndpointType } from "../endpoints/graphql.js";
import { type Connection, type Context, EntityRefInput, pageArgs, toConnection } from "../graphql/index.js";
import { IdKind, isId } from "../ids.js";
import type { Test, TestSet } from "../test-sets/index.js";
import { TestObjectType, TestSetType } from "../test-sets/graphql.js";
import type { TestResult } from "./result.js";
import { askedResults, ResultsOfTestArguments } from "./result.inputs.js";
import { TestResultConnectionType } from "./result.type.js";
import { type TestRun, TestRunKind } from "./run.js";
import { TestRunsArguments } from "./run.inputs.js";
import type { RunListLoaders } from "./run.loaders.js";
import { BY_POSITION, NEWEST_FIRST } from "./run.resolver.js";
import { TestRunConnectionType, TestRunType } from "./run.type.js";

/** A page of the runs of a thing. */
export async function runsOf(lists: RunListLoaders, parentId: string, args: TestRunsArguments): Promise<Connection<TestRun>> {
  const filter = args.filter ?? null;
  const page = await lists.page.load({ parentId, args: { filter, orderBy: args.orderBy ?? NEWEST_FIRST, page: pageArgs(args) } });
  return toConnection(page, () => lists.count.load({ parentId, args: { filter } }));
}

/** The runs of a test set. */
@Resolver(() => TestSetType)
export class TestSetRunsResolver {
  @FieldResolver(() => TestRunConnectionType, { description: "The runs of the set, in whatever version." })
  runs(@Root() testSet: TestSet, @Args(() => TestRunsArguments) args: TestRunsArguments, @Ctx() { loaders }: Context): Promise<Connection<TestRun>> {
    return runsOf(loaders.runs.ofTestSet, testSet.id, args);
  }

  @FieldResolver(() => TestRunType, { nullable: true, description: "The newest COMPLETED run of the whole set against the endpoint, of either kind unless one is named; or null." })
  lastRun(
    @Root() testSet: TestSet,
    @Arg("endpoint", () => EntityRefInput, { description: "Against which endpoint." }) endpoint: EntityRefInput,
    @Arg("kind", () => TestRunKind, { nullable: true, description: "Only a run of this kind." }) kind: TestRunKind | null | undefined,
    @Ctx() { loaders }: Context,
  ): Promise<TestRun | null> | null {
    if (endpoint.id !== undefined && !isId(endpoint.id, IdKind.ENDPOINT)) return null;
    return loaders.runs.latestOfTestSet.load({ parentId: testSet.id, args: { endpoint, kind: kind ?? null } });
  }
}

/** The runs of an endpoint. */
@Resolver(() => EndpointType)
export class EndpointRunsResolver {
  @FieldResolver(() => TestRunConnectionType, { description: "The runs against the endpoint, in whatever version." })
  runs(@Root() endpoint: Endpoint, @Args(() => TestRunsArguments) args: TestRunsArguments, @Ctx() { loaders }: Context): Promise<Connection<TestRun>> {
    return runsOf(loaders.runs.ofEndpoint, endpoint.id, args);
  }
}

/** The results of a test. */
@Resolver(() => TestObjectType)
export class TestResultsResolver {
  @FieldResolver(() => TestResultConnectionType, { description: "What came of the test, newest run first, trials in their order; those that are planned included." })
  async results(@Root() test: Test, @Args(() => ResultsOfTestArguments) args: ResultsOfTestArguments, @Ctx() { loaders }: Context): Promise<Connection<TestResult>> {
    const filter = askedResults(args.filter);
    const page = await loaders.results.ofTest.page.load({ parentId: test.id, args: { filter, orderBy: BY_POSITION, page: pageArgs(args) } });
    return toConnection(page, () => loaders.results.ofTest.count.load({ parentId: test.id, args: { filter } }));
  }
}
