import { type Db, storableJson, type Trx } from "../db/index.js";
import { endpointRefs } from "../endpoints/index.js";
import { assertNotDeleted, type EntityRef, getByRef } from "../entity-ref.js";
import { assertNoProblems, NotFoundError } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import { labelRefs, testSetRefs } from "../test-sets/index.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import { ExecutionMode } from "./run.js";
import { executionProblems } from "./run-limits.js";
import { type ConfigurationContent, type ConfigurationFilter, configurationRow, contentHashOf, FILTER_FIELDS, filterProblems, type TestConfiguration } from "./test-configuration.js";
import { findConfigurationsByIds, hasPrompt, insertConfiguration, lockConfigurationById, updateConfiguration } from "./test-configuration.repository.js";

/** What a new configuration says. */
export interface CreateTestConfiguration extends ConfigurationFilter {
  readonly endpoint: EntityRef;
  /** Null: the tests of the endpoint's project that match. */
  readonly testSet: EntityRef | null;
  readonly mode: ExecutionMode;
  readonly trials: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What changes of a configuration: undefined keeps; null clears, or gives the default where there must be something. */
export type UpdateTestConfiguration = {
  readonly [Field in keyof ConfigurationFilter | "mode" | "trials"]?: TestConfiguration[Field] | null | undefined;
} & { readonly id: string; readonly attributes?: Readonly<Record<string, unknown>> | null | undefined };

/** What a configuration says where nothing is said. */
const DEFAULTS = { mode: ExecutionMode.PARALLEL, trials: 1, attributes: {} } as const;

/** Makes, changes and hides test configurations. */
export class TestConfigurationService {
  readonly #db: Db;
  readonly #now: () => Date;

  constructor(deps: { db: Db; now: () => Date }) {
    this.#db = deps.db;
    this.#now = deps.now;
  }

  /** Makes a configuration, also where an equal one is there. NOT_FOUND; BAD_USER_INPUT; FAILED_PRECONDITION, DELETED; CONFLICT, AMBIGUOUS_NAME. */
  async create(viewer: Viewer, args: CreateTestConfiguration): Promise<TestConfiguration> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems([...executionProblems(args), ...filterProblems({ ...args, testSetId: args.testSet === null ? null : "" })]);
    const { behaviorId, categoryId, topicId, promptId, useCaseId, mode, trials, attributes } = args;
    const filter = { behaviorId, categoryId, topicId, promptId, useCaseId };
    const endpoint = assertNotDeleted("endpoint", await getByRef(endpointRefs(this.#db, viewer), args.endpoint));
    const testSet = args.testSet === null ? null : assertNotDeleted("test set", await getByRef(testSetRefs(this.#db, viewer), args.testSet));
    await assertFilterExists(this.#db, viewer, filter);
    const now = this.#now();
    return insertConfiguration(this.#db, configurationRow(viewer, { id: newId(IdKind.TEST_CONFIGURATION, now.getTime()), endpointId: endpoint.id, testSetId: testSet?.id ?? null, ...filter, mode, trials, attributes, createdAt: now }));
  }

  /** Changes a configuration; runs keep what they pinned. NOT_FOUND; BAD_USER_INPUT; FAILED_PRECONDITION, DELETED. Safe to repeat. */
  async update(viewer: Viewer, args: UpdateTestConfiguration): Promise<TestConfiguration> {
    requireRole(viewer, Role.EDITOR);
    return this.#withConfiguration(viewer, args.id, async (trx, present) => {
      const content = changed(present, args);
      assertNoProblems([...executionProblems(content), ...filterProblems(content)]);
      await assertFilterExists(trx, viewer, filterIn(args));
      return updateConfiguration(trx, viewer, present.id, { ...filterIn(content), mode: content.mode, trials: content.trials, attributes: storableJson(content.attributes), contentHash: contentHashOf(content) });
    });
  }

  /** Hides a configuration: its runs still show it, and it can no longer be executed. NOT_FOUND; DELETED when it was hidden before. */
  async delete(viewer: Viewer, id: string): Promise<string> {
    requireRole(viewer, Role.EDITOR);
    await this.#withConfiguration(viewer, id, (trx, present) => updateConfiguration(trx, viewer, present.id, { deletedAt: this.#now() }));
    return id;
  }

  async #withConfiguration(viewer: Viewer, id: string, change: (trx: Trx, present: TestConfiguration) => Promise<TestConfiguration>): Promise<TestConfiguration> {
    if (!isId(id, IdKind.TEST_CONFIGURATION)) throw new NotFoundError("test configuration", id);
    return this.#db.transaction().execute(async (trx) => {
      const present = await lockConfigurationById(trx, viewer, id);
      if (present === null) throw new NotFoundError("test configuration", id);
      return change(trx, assertNotDeleted("test configuration", present));
    });
  }
}

/** The configuration, to execute it. NOT_FOUND; FAILED_PRECONDITION, DELETED. */
export async function getUsableConfiguration(db: Db, scope: Scope, id: string): Promise<TestConfiguration> {
  const [found] = isId(id, IdKind.TEST_CONFIGURATION) ? await findConfigurationsByIds(db, scope, [id]) : [];
  if (found === undefined) throw new NotFoundError("test configuration", id);
  return assertNotDeleted("test configuration", found);
}

function changed(present: TestConfiguration, args: UpdateTestConfiguration): ConfigurationContent {
  const kept = <Field extends keyof ConfigurationFilter>(field: Field) => (args[field] === undefined ? present[field] : args[field]);
  return {
    endpointId: present.endpointId,
    testSetId: present.testSetId,
    behaviorId: kept("behaviorId"),
    categoryId: kept("categoryId"),
    topicId: kept("topicId"),
    promptId: kept("promptId"),
    useCaseId: kept("useCaseId"),
    mode: args.mode === undefined ? present.mode : (args.mode ?? DEFAULTS.mode),
    trials: args.trials === undefined ? present.trials : (args.trials ?? DEFAULTS.trials),
    attributes: args.attributes === undefined ? present.attributes : (args.attributes ?? DEFAULTS.attributes),
  };
}

function filterIn(from: { readonly [Field in keyof ConfigurationFilter]?: string | null | undefined }): ConfigurationFilter {
  const { behaviorId = null, categoryId = null, topicId = null, promptId = null, useCaseId = null } = from;
  return { behaviorId, categoryId, topicId, promptId, useCaseId };
}

/** NOT_FOUND for the first id of the filter that names nothing. */
async function assertFilterExists(db: Db, scope: Scope, filter: ConfigurationFilter): Promise<void> {
  for (const field of FILTER_FIELDS) {
    const id = filter[field];
    if (id === null) continue;
    if (field !== "promptId") await getByRef(labelRefs(db, scope, LABEL_OF[field]), { id });
    else if (!isId(id, IdKind.PROMPT) || !(await hasPrompt(db, scope, id))) throw new NotFoundError("prompt", id);
  }
}

const LABEL_OF = { behaviorId: "behavior", categoryId: "category", topicId: "topic", useCaseId: "useCase" } as const;
