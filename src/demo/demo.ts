import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Gateway, startGateway } from "../app/gateway.js";
import { stopOnSignals } from "../app/process.js";
import { type Config, readConfig } from "../config/config.js";
import { PortInUseError } from "../http/index.js";
import { createLogger, type Logger } from "../log.js";
import { type Chatbot, startChatbot } from "./chatbot.js";
import { GatewayClient } from "./gateway-client.js";
import { ensureJudge } from "./judge.js";
import { ensureEndpoint, ensureTestSet, execute, SCENARIOS } from "./scenario.js";
import { printSummary, watchRun } from "./watch-run.js";

const ADMIN = "admin@localhost";
const TOKEN_FILE = "demo.token";
const GRACE_MS = 5_000;

/** A ready-made operation for the playground. */
const OPERATION = `query NewestRuns {
  testRuns(first: 5) {
    nodes {
      name
      status
      passRate
      progress { total passed failed errored }
      results(first: 3) {
        nodes {
          status
          prompt { content }
          output { preview }
          scores
        }
      }
    }
  }
}`;

/** Runs the demo: real test sets against a chatbot, live. With `exit` it ends after them: code 0 if all runs completed. */
export async function runDemo(options: { exit: boolean }): Promise<void> {
  const out = process.stdout;
  const config = readConfig();
  const log = createLogger({ level: config.logLevel === "info" ? "warn" : config.logLevel, service: "demo", pretty: process.stderr.isTTY });
  out.write("Assay demo: two real test sets against ELIZA, a chatbot of 1966, scored and watched live.\n\n");
  const chatbot = await startChatbot();
  const gateway = await startOnFreePort(config, log, (line) => out.write(`${line}\n`));
  const running = { stop: (graceMs: number) => stopAll(gateway, chatbot, graceMs) };
  stopOnSignals(running, log);
  try {
    const token = await demoToken(config, gateway);
    const isCompleted = await runScenarios(new GatewayClient(gateway.url ?? "", token), { chatbot, model: config.model }, out);
    out.write("ELIZA knows no arithmetic, so it fails GSM8K: showing that is what a test run is for.\n\n");
    if (options.exit) {
      await running.stop(GRACE_MS);
      process.exit(isCompleted ? 0 : 1);
    }
    const playground = (gateway.url ?? "").replace(/graphql$/, "playground");
    out.write(`The gateway stays up. Look at the results in the playground:\n  ${playground}#token=${encodeURIComponent(token)}&query=${encodeURIComponent(OPERATION)}\nEnd it with Ctrl+C.\n`);
  } catch (error) {
    await running.stop(0);
    throw error;
  }
}

async function runScenarios(client: GatewayClient, { chatbot, model }: { chatbot: Chatbot; model: Config["model"] }, out: NodeJS.WriteStream): Promise<boolean> {
  const endpointId = await ensureEndpoint(client, chatbot.url);
  const judge = model === null ? null : await ensureJudge(client, model);
  let isCompleted = true;
  for (const scenario of SCENARIOS) {
    const testSet = await ensureTestSet(client, scenario);
    const metrics = [scenario.metric.name, ...(scenario.isJudged && judge !== null ? [judge] : [])];
    const run = await execute(client, { testSetId: testSet.id, endpointId, metrics });
    out.write(`${run.name}: ${scenario.tests} tests${testSet.isNew ? ", imported now" : ", imported earlier"}; ${metrics.map((name) => `"${name}"`).join(" and ")}\n`);
    const status = await watchRun(client, run.id, out);
    await printSummary(client, run.id, out);
    isCompleted &&= status === "COMPLETED";
  }
  return isCompleted;
}

/** Port 4000 is often taken: the demo then takes a free one, and says so by its address. */
async function startOnFreePort(config: Config, log: Logger, print: (line: string) => void): Promise<Gateway> {
  const options = { kind: "gateway" as const, log, print: (line: string) => print(line.startsWith("token ") ? "A first ADMIN token was made for this database; the demo keeps its own." : line) };
  try {
    return await startGateway({ ...options, config });
  } catch (error) {
    if (!(error instanceof PortInUseError)) throw error;
    return startGateway({ ...options, config: { ...config, port: 0 } });
  }
}

/** The demo's token, kept beside the data so that the demo can be repeated; a new one when it is no longer good. */
async function demoToken(config: Config, gateway: Gateway): Promise<string> {
  if (gateway.madeSecret !== null) return keepToken(config, gateway.madeSecret);
  for (const known of [config.bootstrapToken, await readFile(join(config.dataDir, TOKEN_FILE), "utf8").catch(() => null)]) {
    if (known !== null && (await new GatewayClient(gateway.url ?? "", known.trim()).isWelcome())) return known.trim();
  }
  return keepToken(config, await gateway.services.accounts.createTokenFor({ email: ADMIN, role: null, name: "Demo" }));
}

async function keepToken(config: Config, token: string): Promise<string> {
  const path = join(config.dataDir, TOKEN_FILE);
  await mkdir(config.dataDir, { recursive: true });
  await writeFile(path, token, { mode: 0o600 });
  await chmod(path, 0o600); // an older file keeps its mode otherwise
  return token;
}

async function stopAll(gateway: Gateway, chatbot: Chatbot, graceMs: number): Promise<void> {
  await gateway.stop(graceMs);
  await chatbot.close();
}
