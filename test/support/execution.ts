import type { TestApp } from "./app.js";
import { waitFor } from "./wait-for.js";

let count = 0;

/** A set with so many tests "q1", "q2", … and the metric that the answer starts with "echo", or the given ones. */
export async function givenTests(app: TestApp, options: { tests: number; metrics?: readonly string[]; expected?: string } = { tests: 1 }): Promise<{ id: string; name: string }> {
  count += 1;
  const name = `set ${count}`;
  await app.run(`mutation { createMetric(input: { name: "echoes", kind: BUILT_IN, builtIn: "starts_with", parameters: { value: "echo" } }) { id } }`); // there from the second call on
  const tests = Array.from({ length: options.tests }, (_, index) => ({ key: `k${index + 1}`, prompt: { content: `q${index + 1}`, expectedResponse: options.expected } }));
  const { createTestSet } = await app.data(`mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id name } }`, {
    input: { name, tests, metrics: (options.metrics ?? ["echoes"]).map((metric) => ({ name: metric })) },
  });
  return createTestSet as { id: string; name: string };
}

/** An endpoint at the URL. */
export async function givenEndpointAt(app: TestApp, url: string, limits: Record<string, unknown> = {}): Promise<{ id: string; name: string }> {
  count += 1;
  const { createEndpoint } = await app.data(`mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id name } }`, { input: { name: `endpoint ${count}`, url, limits } });
  return createEndpoint as { id: string; name: string };
}

/** Queues a run and answers its id. */
export async function execute(app: TestApp, testSet: { id: string }, endpoint: { id: string }, more: Record<string, unknown> = {}): Promise<string> {
  const { executeTestSet } = await app.data(`mutation ($input: ExecuteTestSetInput!) { executeTestSet(input: $input) { id status } }`, { input: { testSet: { id: testSet.id }, endpoint: { id: endpoint.id }, ...more } });
  return executeTestSet.id as string;
}

export interface RunView {
  readonly status: string;
  readonly phase: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly passRate: number | null;
  readonly coverage: number | null;
  readonly progress: { readonly total: number; readonly pending: number; readonly running: number; readonly executed: number; readonly passed: number; readonly failed: number; readonly errored: number; readonly cancelled: number; readonly finished: number };
}

const RUN = `query ($id: ID!) { testRun(ref: { id: $id }) { status phase startedAt finishedAt passRate coverage progress { total pending running executed passed failed errored cancelled finished } } }`;

/** The run as the API shows it. */
export async function readRun(app: TestApp, id: string): Promise<RunView> {
  return (await app.data(RUN, { id }))["testRun"] as RunView;
}

/** Waits until the run has ended and answers it. */
export function untilFinished(app: TestApp, id: string, withinMs = 50_000): Promise<RunView> {
  return waitFor(
    async () => {
      const run = await readRun(app, id);
      return run.finishedAt === null ? null : run;
    },
    { withinMs, what: `the end of run ${id}` },
  );
}
