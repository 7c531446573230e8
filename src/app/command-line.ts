import type { ParseArgsOptionsConfig } from "node:util";
import { type IdKind, isId } from "../ids.js";

/** Where a command writes: its answer, and what is for people alone. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal, on which a line can be written over. */
  readonly isTerminal: boolean;
  /** How many signs fit on a line of the terminal now, where that is known. */
  readonly columns?: number | undefined;
}

/** What a process writes to. What cannot be written, as when nobody reads it any more behind `| head -1`, is left out: the exit code is still the command's own. */
export function outputOf({ stdout, stderr }: Pick<NodeJS.Process, "stdout" | "stderr">): CommandOutput {
  for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isTerminal: stderr.isTTY,
    get columns() {
      return stderr.columns || undefined; // 0 where a terminal does not know
    },
  };
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_URL = "http://127.0.0.1:4000";

/** Where the gateway is and who asks: options of every command that speaks to one. */
export const GATEWAY_OPTIONS = { url: { type: "string" }, token: { type: "string" } } as const satisfies ParseArgsOptionsConfig;

/** What a command of continuous integration ends with. */
export const ExitCode = { MET: 0, NOT_MET: 1, UNDECIDED: 2, INTERRUPTED: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The gateway that the options name, else the environment. */
export function gatewayOf(values: { url?: string; token?: string }, environment: Environment): { url: string; token: string } {
  const token = (values.token ?? environment["ASSAY_TOKEN"] ?? "").trim();
  if (token === "") throw new Error("A token is needed: --token, or ASSAY_TOKEN.");
  // Said here, as what fetch says of it would hold the token.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("The token has signs that no token has, such as spaces or dots that stand for the rest: check --token or ASSAY_TOKEN.");
  const url = values.url ?? (environment["ASSAY_URL"] || DEFAULT_URL);
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) throw new Error(`"${url}" is no address of a gateway: give --url or ASSAY_URL such as ${DEFAULT_URL}.`);
  return { url, token };
}

/** What a request that got no answer failed of, to be told to people; fetch itself says no more than that it failed. */
export function unanswered(url: URL, error: unknown): Error {
  const { message, code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException; // fetch throws nothing else
  // Several addresses that all refuse are one error without a message; those of TLS have lines.
  return new Error(`No gateway answers at ${url.origin} (${message.replaceAll(/\s+/g, " ").trim() || (code ?? "no reason given")}): start it (npm start), or name another address by --url or ASSAY_URL.`);
}

/** A ref to what the text names: an id of the kind, else a name. */
export function refOf(text: string, kind: IdKind): { id: string } | { name: string } {
  return isId(text, kind) ? { id: text } : { name: text };
}

/** The number that an option gives. */
export function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`--${option} takes a number; it is "${text}".`);
  return value;
}

/** The whole number that an option gives, such as GraphQL takes. */
export function countOf(option: string, text: string | undefined): number | undefined {
  const value = numberOf(option, text);
  if (value !== undefined && (!Number.isInteger(value) || Math.abs(value) >= 2 ** 31)) throw new Error(`--${option} takes a whole number; it is "${text}".`);
  return value;
}

/** Runs a command; whatever keeps it from an answer is told and leaves it undecided. */
export async function endUndecided(output: CommandOutput, command: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await command();
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    output.err(`${message}${cause instanceof Error ? ` (${cause.message})` : ""}\n`);
    return ExitCode.UNDECIDED;
  }
}
