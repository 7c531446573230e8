import { Arg, Args, ArgsType, Authorized, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import type { Endpoint } from "../endpoints/index.js";
import { EndpointType } from "../endpoints/graphql.js";
import { NotFoundError } from "../errors.js";
import { type Connection, type Context, PageArguments, pageArgs, toConnection } from "../graphql/index.js";
import { IdKind, isId } from "../ids.js";
import type { Label, Prompt, TestSet } from "../test-sets/index.js";
import { BehaviorType, CategoryType, PromptType, TestSetType, TopicType, UseCaseType } from "../test-sets/graphql.js";
import { Role } from "../viewer.js";
import type { TestRun } from "./run.js";
import { TestRunsArguments } from "./run.inputs.js";
import { runsOf } from "./run-lists.resolver.js";
import type { RunReadService } from "./run-read.service.js";
import { TestRunConnectionType } from "./run.type.js";
import type { TestConfiguration } from "./test-configuration.repository.js";
import { TestConfigurationConnectionType, TestConfigurationType } from "./test-configuration.type.js";

@ArgsType()
export class TestConfigurationsArguments extends PageArguments {
  @Field(() => ID, { nullable: true, description: "Of this test set." })
  testSetId?: string | null;

  @Field(() => ID, { nullable: true, description: "To this endpoint." })
  endpointId?: string | null;
}

/** Configurations, with what they refer to. */
@Resolver(() => TestConfigurationType)
export class TestConfigurationResolver {
  readonly #runs: RunReadService;

  constructor(runs: RunReadService) {
    this.#runs = runs;
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestConfigurationType, { nullable: true, description: "The configuration of the id, deleted ones included; null when there is none." })
  testConfiguration(@Arg("id", () => ID, { description: "The configuration's id." }) id: string, @Ctx() { loaders }: Context): Promise<TestConfiguration | null> | null {
    return isId(id, IdKind.TEST_CONFIGURATION) ? loaders.runs.configurationById.load(id) : null;
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestConfigurationConnectionType, { description: "Test configurations, newest first." })
  async testConfigurations(@Args(() => TestConfigurationsArguments) args: TestConfigurationsArguments, @Ctx() { viewer }: Context): Promise<Connection<TestConfiguration>> {
    const filter = { testSetId: args.testSetId ?? null, endpointId: args.endpointId ?? null };
    return toConnection(await this.#runs.listConfigurations(viewer, { filter, page: pageArgs(args) }), () => this.#runs.countConfigurations(viewer, filter));
  }

  @FieldResolver(() => EndpointType, { description: "Where its tests are sent." })
  async endpoint(@Root() { endpointId }: TestConfiguration, @Ctx() { loaders }: Context): Promise<Endpoint> {
    const endpoint = await loaders.endpoints.byId.load(endpointId);
    if (endpoint === null) throw new NotFoundError("endpoint", endpointId);
    return endpoint;
  }

  @FieldResolver(() => TestSetType, { nullable: true, description: "The set whose tests it takes; null for all tests of the endpoint's project that match." })
  testSet(@Root() { testSetId }: TestConfiguration, @Ctx() { loaders }: Context): Promise<TestSet | null> | null {
    return testSetId === null ? null : loaders.testSets.testSetById.load(testSetId);
  }

  @FieldResolver(() => BehaviorType, { nullable: true, description: "Only tests of this behavior; null for any." })
  behavior(@Root() { behaviorId }: TestConfiguration, @Ctx() { loaders }: Context): Promise<Label | null> | null {
    return behaviorId === null ? null : loaders.testSets.behaviorById.load(behaviorId);
  }

  @FieldResolver(() => CategoryType, { nullable: true, description: "Only tests of this category; null for any." })
  category(@Root() { categoryId }: TestConfiguration, @Ctx() { loaders }: Context): Promise<Label | null> | null {
    return categoryId === null ? null : loaders.testSets.categoryById.load(categoryId);
  }

  @FieldResolver(() => TopicType, { nullable: true, description: "Only tests of this topic; null for any." })
  topic(@Root() { topicId }: TestConfiguration, @Ctx() { loaders }: Context): Promise<Label | null> | null {
    return topicId === null ? null : loaders.testSets.topicById.load(topicId);
  }

  @FieldResolver(() => PromptType, { nullable: true, description: "Only the test with this prompt; null for any." })
  prompt(@Root() { promptId }: TestConfiguration, @Ctx() { loaders }: Context): Promise<Prompt | null> | null {
    return promptId === null ? null : loaders.testSets.promptById.load(promptId);
  }

  @FieldResolver(() => UseCaseType, { nullable: true, description: "Only tests of this use case; null for any." })
  useCase(@Root() { useCaseId }: TestConfiguration, @Ctx() { loaders }: Context): Promise<Label | null> | null {
    return useCaseId === null ? null : loaders.testSets.useCaseById.load(useCaseId);
  }

  @FieldResolver(() => TestRunConnectionType, { description: "The runs that it was executed as." })
  runs(@Root() configuration: TestConfiguration, @Args(() => TestRunsArguments) args: TestRunsArguments, @Ctx() { loaders }: Context): Promise<Connection<TestRun>> {
    return runsOf(loaders.runs.ofConfiguration, configuration.id, args);
  }
}
