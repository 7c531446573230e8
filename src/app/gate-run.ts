import { parseArgs } from "node:util";
import { IdKind } from "../ids.js";
import { type CommandOutput, endUndecided, type Environment, type ExitCode, GATEWAY_OPTIONS, gatewayOf, refOf } from "./command-line.js";
import { gate, POLICY_OPTIONS, POLICY_USAGE, policyOf, withBaselineId } from "./gate-options.js";
import { RemoteGateway } from "./remote-gateway.js";

const USAGE = `Usage:
  npm run gate -- --run RUN [limits] [--url URL] [--token TOKEN]
RUN is a finished run's id or name. The limits, at least one:
${POLICY_USAGE}
The token and the gateway's address may be in ASSAY_TOKEN and ASSAY_URL. It ends with 0 where the run meets the limits, with 1 where it does not, and with 2 where that could not be decided.`;

/** Holds a finished run against limits. Answers the exit code: 0 met, 1 not met, 2 not decided, for whatever reason. */
export function runGate(args: readonly string[], environment: Environment, output: CommandOutput): Promise<ExitCode> {
  return endUndecided(output, async () => {
    const { values } = parseArgs({ args: [...args], options: { run: { type: "string" }, ...POLICY_OPTIONS, ...GATEWAY_OPTIONS } });
    if (values.run === undefined) throw new Error(`Which run? --run is needed.\n${USAGE}`);
    const policy = policyOf(values);
    if (policy === null) throw new Error(`At least one limit is needed, such as --min-pass-rate 0.9.\n${USAGE}`);
    const gateway = new RemoteGateway(gatewayOf(values, environment));
    return gate(gateway, { run: refOf(values.run, IdKind.TEST_RUN), policy: await withBaselineId(gateway, policy), markdown: values.markdown === true }, output);
  });
}
