import { parseArgs } from "node:util";
import { AccountsService } from "../accounts/index.js";
import { type Config, readConfig } from "../config/config.js";
import { createLogger, type Logger } from "../log.js";
import { Role } from "../viewer.js";
import { rotateSecretKey } from "./rotate-secret-key.js";
import { openStorage } from "./storage.js";

const USAGE = `Usage:
  npm run admin -- create-organization --name NAME --email EMAIL
  npm run admin -- create-token --email EMAIL [--role ${Object.values(Role).join("|")}]
  npm run admin -- rotate-secret-key`;
const COMMANDS = ["create-organization", "create-token", "rotate-secret-key"];

/** Runs one administration command on the database of the environment; prints `token SECRET` where it makes one. */
export async function runAdmin(args: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { name: { type: "string" }, email: { type: "string" }, role: { type: "string" } } });
  const [command, ...others] = positionals;
  if (others.length > 0 || command === undefined || !COMMANDS.includes(command)) throw new Error(`Which command?\n${USAGE}`);
  if (command === "rotate-secret-key") return rotate();
  const email = needed(values.email, "--email");
  if (!/^\S+@\S+$/.test(email)) throw new Error(`--email must be a mail address; it is "${email}".`);
  const name = command === "create-organization" ? needed(values.name, "--name") : null;
  const role = values.role === undefined ? null : Object.values(Role).find((candidate) => candidate === values.role?.toUpperCase());
  if (role === undefined) throw new Error(`--role must be one of ${Object.values(Role).join(", ")}.`);
  await makeToken({ name, email, role });
}

async function makeToken({ name, email, role }: { name: string | null; email: string; role: Role | null }): Promise<void> {
  const config = readConfig();
  const storage = await openStorage(config, "admin", adminLog(config));
  try {
    const accounts = new AccountsService({ db: storage.client.db, now: () => new Date() });
    const secret = name === null ? await accounts.createTokenFor({ email, role, name: "Made in a shell" }) : await accounts.createOrganization({ name, email });
    process.stdout.write(`token ${secret}\n`);
  } finally {
    await storage.close();
  }
}

async function rotate(): Promise<void> {
  const config = readConfig();
  const count = await rotateSecretKey(config, adminLog(config));
  process.stdout.write(`Encrypted ${count} secrets anew.\n`);
}

function adminLog(config: Config): Logger {
  return createLogger({ level: config.logLevel === "info" ? "warn" : config.logLevel, service: "admin", pretty: process.stderr.isTTY });
}

function needed(value: string | undefined, option: string): string {
  if (value === undefined || value.trim() === "") throw new Error(`${option} is needed.\n${USAGE}`);
  return value.trim();
}
