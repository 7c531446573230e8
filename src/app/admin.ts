import { parseArgs } from "node:util";
import { AccountsService } from "../accounts/index.js";
import { readConfig } from "../config/config.js";
import { createLogger } from "../log.js";
import { Role } from "../viewer.js";
import { openStorage } from "./storage.js";

const USAGE = `Usage:
  npm run admin -- create-organization --name NAME --email EMAIL
  npm run admin -- create-token --email EMAIL [--role ${Object.values(Role).join("|")}]`;

/** Runs one administration command on the database of the environment; prints `token SECRET` where it makes one. */
export async function runAdmin(args: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { name: { type: "string" }, email: { type: "string" }, role: { type: "string" } } });
  const [command, ...others] = positionals;
  if (others.length > 0 || command === undefined || !["create-organization", "create-token"].includes(command)) throw new Error(`Which command?\n${USAGE}`);
  const email = needed(values.email, "--email");
  if (!/^\S+@\S+$/.test(email)) throw new Error(`--email must be a mail address; it is "${email}".`);
  const name = command === "create-organization" ? needed(values.name, "--name") : null;
  const role = values.role === undefined ? null : Object.values(Role).find((candidate) => candidate === values.role?.toUpperCase());
  if (role === undefined) throw new Error(`--role must be one of ${Object.values(Role).join(", ")}.`);

  const config = readConfig();
  const storage = await openStorage(config, "admin", createLogger({ level: config.logLevel === "info" ? "warn" : config.logLevel, service: "admin", pretty: process.stderr.isTTY }));
  try {
    const accounts = new AccountsService({ db: storage.client.db, now: () => new Date() });
    const secret = name === null ? await accounts.createTokenFor({ email, role, name: "Made in a shell" }) : await accounts.createOrganization({ name, email });
    process.stdout.write(`token ${secret}\n`);
  } finally {
    await storage.close();
  }
}

function needed(value: string | undefined, option: string): string {
  if (value === undefined || value.trim() === "") throw new Error(`${option} is needed.\n${USAGE}`);
  return value.trim();
}
