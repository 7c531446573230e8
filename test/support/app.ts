import { randomBytes } from "node:crypto";
import { type ExecutionResult, graphql, type GraphQLSchema } from "graphql";
import { createLoaders } from "../../src/app/loaders.js";
import { composeResolvers } from "../../src/app/resolvers.js";
import { createSchema } from "../../src/app/schema.js";
import { composeServices, type Services } from "../../src/app/services.js";
import { PgEventBus } from "../../src/events/index.js";
import { type Context, toPublicError } from "../../src/graphql/index.js";
import { createLogger } from "../../src/log.js";
import type { Role, Viewer } from "../../src/viewer.js";
import { createTestDatabase, type TestDatabase } from "./database.js";

/** The gateway in process: the real schema and services over a database of its own. */
export interface TestApp {
  readonly database: TestDatabase;
  readonly services: Services;
  readonly schema: GraphQLSchema;
  /** The ADMIN of organization Default. */
  readonly admin: Viewer;
  /** Runs an operation as the viewer (the ADMIN unless one is given). */
  run(source: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<ExecutionResult<Record<string, any>>>;
  /** The data of an operation that must succeed. */
  data(source: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<Record<string, any>>;
  /** The extensions of the first error of an operation that must fail, with its message. */
  error(source: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<Record<string, any> & { message: string }>;
  /** A viewer of the same organization with another role, or the ADMIN of another organization. */
  viewerWith(role: Role): Viewer;
  otherOrganization(name?: string): Promise<Viewer>;
  /** How many statements the operation issues. */
  countStatements(source: string, variables?: Record<string, unknown>): Promise<number>;
  close(): Promise<void>;
}

// One schema a process: type-graphql's metadata is global, and building it takes a moment.
export async function createTestApp(options: { now?: () => Date; allowPrivateAddresses?: boolean; secretKey?: Buffer } = {}): Promise<TestApp> {
  const database = await createTestDatabase();
  const log = createLogger({ level: process.env["LOG_LEVEL"] ?? "silent", service: "test" });
  const bus = new PgEventBus({ url: database.url, applicationName: "assay-test-events" });
  await bus.start();
  const services = composeServices({
    db: database.db,
    bus,
    now: options.now ?? (() => new Date()),
    log,
    secretKey: options.secretKey ?? randomBytes(32),
    allowPrivateAddresses: options.allowPrivateAddresses ?? true,
  });
  await services.accounts.bootstrap("bootstrap-token-of-the-tests");
  const admin = await services.accounts.authenticate("bootstrap-token-of-the-tests");
  const schema = createSchema(composeResolvers(services), services.audit);

  const run: TestApp["run"] = async (source, variables = {}, viewer = admin) => {
    const context: Context = {
      viewer,
      loaders: createLoaders(database.db, viewer, { cache: true }, services),
      watch: {} as Context["watch"], // subscriptions are tested over a real socket
      requestId: "test",
      signal: new AbortController().signal,
      remoteAddress: null,
    };
    const result = await graphql({ schema, source, variableValues: variables, contextValue: context });
    const errors = result.errors?.map((error) => toPublicError(error, "test", (unknown) => process.stderr.write(`${String((unknown as { originalError?: Error }).originalError?.stack ?? unknown)}\n`)));
    return (errors === undefined ? result : { ...result, errors }) as ExecutionResult<Record<string, any>>;
  };
  const data: TestApp["data"] = async (source, variables, viewer) => {
    const result = await run(source, variables, viewer);
    if (result.errors !== undefined) throw new Error(result.errors.map((error) => `${error.message} ${JSON.stringify(error.extensions)}`).join("\n"));
    return result.data ?? {};
  };
  return {
    database,
    services,
    schema,
    admin,
    run,
    data,
    error: async (source, variables, viewer) => {
      const result = await run(source, variables, viewer);
      const [error] = result.errors ?? [];
      if (error === undefined) throw new Error(`An error was expected; the answer is ${JSON.stringify(result.data)}`);
      return { ...error.extensions, message: error.message };
    },
    viewerWith: (role) => ({ ...admin, role }),
    otherOrganization: async (name = "Other") => services.accounts.authenticate(await services.accounts.createOrganization({ name, email: "other@example.com" })),
    countStatements: async (source, variables) => {
      database.statements.length = 0;
      await data(source, variables);
      return database.statements.length;
    },
    close: async () => {
      await services.close();
      await bus.close();
      await database.drop();
    },
  };
}
