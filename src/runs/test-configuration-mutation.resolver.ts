import { Arg, Authorized, Ctx, ID, Mutation, Resolver } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { TestRun } from "./run.js";
import type { RunService } from "./run.service.js";
import { TestRunType } from "./run.type.js";
import type { TestConfiguration } from "./test-configuration.js";
import { CreateTestConfigurationInput, ExecuteTestConfigurationInput, UpdateTestConfigurationInput } from "./test-configuration.inputs.js";
import type { TestConfigurationService } from "./test-configuration.service.js";
import { TestConfigurationType } from "./test-configuration.type.js";

/** Makes, changes, hides and executes configurations. */
@Resolver()
export class TestConfigurationMutationResolver {
  readonly #configurations: TestConfigurationService;
  readonly #runs: RunService;

  constructor(configurations: TestConfigurationService, runs: RunService) {
    this.#configurations = configurations;
    this.#runs = runs;
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestConfigurationType, { description: "Makes a test configuration." })
  createTestConfiguration(@Arg("input", () => CreateTestConfigurationInput, { description: "The configuration." }) input: CreateTestConfigurationInput, @Ctx() { viewer }: Context): Promise<TestConfiguration> {
    return this.#configurations.create(viewer, {
      endpoint: input.endpoint,
      testSet: input.testSet ?? null,
      behaviorId: input.behaviorId ?? null,
      categoryId: input.categoryId ?? null,
      topicId: input.topicId ?? null,
      promptId: input.promptId ?? null,
      useCaseId: input.useCaseId ?? null,
      mode: input.mode,
      trials: input.trials,
      attributes: input.attributes ?? {},
    });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestConfigurationType, { description: "Changes a test configuration for executions to come; runs keep the tests and limits that they were queued with." })
  updateTestConfiguration(@Arg("input", () => UpdateTestConfigurationInput, { description: "What to change." }) input: UpdateTestConfigurationInput, @Ctx() { viewer }: Context): Promise<TestConfiguration> {
    return this.#configurations.update(viewer, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ID, { description: "Deletes a test configuration: it leaves lists and cannot be executed, and its runs still show it. Answers its id." })
  deleteTestConfiguration(@Arg("id", () => ID, { description: "The configuration's id." }) id: string, @Ctx() { viewer }: Context): Promise<string> {
    return this.#configurations.delete(viewer, id);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Queues a run as a configuration says, over the tests as they are now, and answers it at once." })
  executeTestConfiguration(@Arg("input", () => ExecuteTestConfigurationInput, { description: "Which configuration to execute." }) input: ExecuteTestConfigurationInput, @Ctx() { viewer }: Context): Promise<TestRun> {
    return this.#runs.executeConfiguration(viewer, {
      configurationId: input.configurationId,
      metrics: input.metrics ?? null,
      experiment: input.experiment ?? null,
      experimentVersion: input.experimentVersion ?? null,
      parameters: input.parameters ?? null,
      name: input.name ?? null,
      idempotencyKey: input.idempotencyKey ?? null,
    });
  }
}
