import { parseArgs } from "node:util";
import type { GatePolicy } from "../comparison/index.js";
import { IdKind } from "../ids.js";
import { type CommandOutput, countOf, endUndecided, type Environment, ExitCode, GATEWAY_OPTIONS, gatewayOf, refOf } from "./command-line.js";
import { gate, POLICY_OPTIONS, POLICY_USAGE, policyOf, withBaselineId } from "./gate-options.js";
import { RemoteGateway } from "./remote-gateway.js";
import { showProgress } from "./run-progress-line.js";

const USAGE = `Usage:
  npm run execute -- --test-set SET --endpoint ENDPOINT [options] [--gate limits] [--url URL] [--token TOKEN]
SET and ENDPOINT are ids or names. Options:
  --name NAME, --tag TAG          of the run; --tag may be repeated
  --metric NAME                   instead of the set's own metrics; may be repeated
  --mode PARALLEL|SEQUENTIAL, --trials N
  --experiment NAME, --experiment-version N, --parameters JSON
  --idempotency-key KEY           the same key with the same options is the same run
  --junit FILE                    save the results as JUnit XML
  --cancel-on-interrupt           Ctrl+C cancels the run; without it the run goes on
The limits that the run is then held against:
${POLICY_USAGE}
The token and the gateway's address may be in ASSAY_TOKEN and ASSAY_URL. It ends with 0 where the run meets the limits (without limits: where every test got a verdict), with 1 where it does not, with 2 where that could not be decided, and with 130 on Ctrl+C.`;

const OPTIONS = {
  "test-set": { type: "string" },
  endpoint: { type: "string" },
  name: { type: "string" },
  tag: { type: "string", multiple: true },
  metric: { type: "string", multiple: true },
  mode: { type: "string" },
  trials: { type: "string" },
  experiment: { type: "string" },
  "experiment-version": { type: "string" },
  parameters: { type: "string" },
  "idempotency-key": { type: "string" },
  junit: { type: "string" },
  "cancel-on-interrupt": { type: "boolean" },
  gate: { type: "boolean" },
  ...POLICY_OPTIONS,
  ...GATEWAY_OPTIONS,
} as const;

interface Command {
  readonly gateway: RemoteGateway;
  readonly input: Readonly<Record<string, unknown>>;
  readonly policy: GatePolicy | null;
  readonly markdown: boolean;
  readonly junit: string | null;
  readonly cancelOnInterrupt: boolean;
}

/**
 * Starts a run, shows its progress, saves its results and holds it against limits. Answers the exit code: 0 met,
 * 1 not met, 2 not decided, for whatever reason, 130 when the signal ended it.
 */
export function runExecute(args: readonly string[], environment: Environment, output: CommandOutput, interrupt: AbortSignal): Promise<ExitCode> {
  return endUndecided(output, async () => {
    const read = readCommand(args, environment);
    // Found before the run is started: a name that is misspelled would cost the whole run, and one that the run gets, too, would be its own.
    const command = { ...read, policy: read.policy === null ? null : await withBaselineId(read.gateway, read.policy) };
    const { executeTestSet: run } = await command.gateway.request<{ executeTestSet: { id: string; name: string } }>(`mutation ($input: ExecuteTestSetInput!) { executeTestSet(input: $input) { id name } }`, { input: command.input });
    output.err(`${run.name} (${run.id})\n`);
    try {
      return await follow(command, run.id, output, interrupt);
    } catch (error) {
      throw new Error(`The run ${run.id} was started, but: ${error instanceof Error ? error.message : String(error)}`, { cause: error instanceof Error ? error.cause : undefined });
    }
  });
}

async function follow(command: Command, runId: string, output: CommandOutput, interrupt: AbortSignal): Promise<ExitCode> {
  if (!interrupt.aborted) await showProgress(command.gateway, runId, output, interrupt);
  if (interrupt.aborted) return leave(command, runId, output);
  const isComplete = await printOutcome(command.gateway, runId, output);
  if (command.junit !== null) {
    await command.gateway.download(`/runs/${runId}/results.junit.xml`, command.junit);
    output.err(`Results: ${command.junit}\n`);
  }
  if (command.policy === null) return isComplete ? ExitCode.MET : ExitCode.NOT_MET;
  return gate(command.gateway, { run: { id: runId }, policy: command.policy, markdown: command.markdown }, output);
}

async function leave({ gateway, cancelOnInterrupt }: Command, runId: string, output: CommandOutput): Promise<ExitCode> {
  if (cancelOnInterrupt) {
    await gateway.request(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id: runId });
    output.err(`The run ${runId} is being cancelled.\n`);
  } else output.err(`The run ${runId} goes on. Hold it against limits when it has ended: npm run gate -- --run ${runId} --min-pass-rate 0.9\n`);
  return ExitCode.INTERRUPTED;
}

interface Outcome {
  readonly testRun: { readonly name: string; readonly status: string; readonly passRate: number | null; readonly coverage: number | null; readonly progress: { readonly passed: number; readonly failed: number; readonly errored: number; readonly cancelled: number } } | null;
}

/** Tells what came of the run; answers whether every test got a verdict. */
async function printOutcome(gateway: RemoteGateway, runId: string, output: CommandOutput): Promise<boolean> {
  const { testRun } = await gateway.request<Outcome>(`query ($id: ID!) { testRun(ref: { id: $id }) { name status passRate coverage progress { passed failed errored cancelled } } }`, { id: runId });
  if (testRun === null) throw new Error("it was deleted meanwhile.");
  const percent = (rate: number | null): string => (rate === null ? "unknown" : `${(rate * 100).toFixed(1)} %`);
  const { passed, failed, errored, cancelled } = testRun.progress;
  output.out(`${testRun.name}: ${testRun.status}, ${passed} passed, ${failed} failed, ${errored} errors${cancelled === 0 ? "" : `, ${cancelled} cancelled`}; pass rate ${percent(testRun.passRate)}, coverage ${percent(testRun.coverage)}\n`);
  return testRun.status === "COMPLETED";
}

function readCommand(args: readonly string[], environment: Environment): Command {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { "test-set": testSet, endpoint } = values;
  if (testSet === undefined || endpoint === undefined) throw new Error(`--test-set and --endpoint are needed.\n${USAGE}`);
  const policy = policyOf(values);
  for (const option of ["gate", "baseline"] as const) {
    if (policy === null && values[option] !== undefined) throw new Error(`--${option} needs at least one limit, such as ${option === "gate" ? "--min-pass-rate 0.9" : "--max-regressions 0"}.\n${USAGE}`);
  }
  const given = {
    name: values.name,
    tags: values.tag,
    metrics: values.metric?.map((text) => refOf(text, IdKind.METRIC)),
    mode: values.mode,
    trials: countOf("trials", values.trials),
    experiment: values.experiment === undefined ? undefined : refOf(values.experiment, IdKind.EXPERIMENT),
    experimentVersion: countOf("experiment-version", values["experiment-version"]),
    parameters: parametersOf(values.parameters),
    idempotencyKey: values["idempotency-key"],
  };
  return {
    gateway: new RemoteGateway(gatewayOf(values, environment)),
    // What is not given is left out of the JSON: the gateway's defaults hold.
    input: { testSet: refOf(testSet, IdKind.TEST_SET), endpoint: refOf(endpoint, IdKind.ENDPOINT), ...given },
    policy,
    markdown: values.markdown === true,
    junit: values.junit ?? null,
    cancelOnInterrupt: values["cancel-on-interrupt"] === true,
  };
}

function parametersOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`--parameters takes a JSON object; it is ${text}`, { cause: error });
  }
}
