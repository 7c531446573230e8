// All benchmarks one after the other, each in a process of its own: npm run bench, or npm run bench -- lists downloads.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Figure } from "./figures.js";

const PARTS = ["gateway", "rescore", "summaries", "comparison", "lists", "downloads"];

/** Runs a part; passes on its lines and collects its figures. */
async function run(part: string): Promise<Figure[]> {
  const child = spawn(process.execPath, ["--import", "tsx", `test/bench/${part}.ts`], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const figures: Figure[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    process.stdout.write(`${line}\n`);
    if (line.startsWith("{")) figures.push(JSON.parse(line) as Figure); // what a part prints
  }
  if ((await ended) !== 0) process.exitCode = 1;
  return figures;
}

function row({ name, value, unit, limit, limitName, median }: Figure): string {
  return `${name.padEnd(72)} ${String(value).padStart(9)} ${unit.padEnd(10)} ${limit === null ? "" : `beside ${limit} ${limitName}`}${median === undefined ? "" : `, median ${median}`}`;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(", ")}: there are ${PARTS.join(", ")}.`);
const figures: Figure[] = [];
for (const part of asked.length > 0 ? asked : PARTS) figures.push(...(await run(part)));
process.stdout.write(`\n${figures.map(row).join("\n")}\n`);
