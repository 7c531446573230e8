import { randomBytes } from "node:crypto";

/**
 * What an id names. The number stands in six bits of the id, so that `node(id)` needs no search.
 * Never renumber: ids outlive releases. At most 63.
 */
export const IdKind = {
  ORGANIZATION: 1,
  USER: 2,
  PROJECT: 3,
  API_TOKEN: 4,
  AUDIT_EVENT: 5,
  TEST_SET: 6,
  TEST: 7,
  PROMPT: 8,
  TEST_REVISION: 9,
  BEHAVIOR: 10,
  CATEGORY: 11,
  TOPIC: 12,
  USE_CASE: 13,
  ENDPOINT: 14,
  ENDPOINT_VERSION: 15,
  MODEL: 16,
  METRIC: 17,
  METRIC_VERSION: 18,
  EXPERIMENT: 19,
  EXPERIMENT_VERSION: 20,
  TEST_CONFIGURATION: 21,
  TEST_RUN: 22,
  TEST_RESULT: 23,
  METRIC_RESULT: 24,
  REVIEW: 25,
  EVALUATION_TEST_CASE: 26,
  EVALUATION_TEST_CASE_VERSION: 27,
  EVALUATION_RUN: 28,
  EVALUATION_AGENT: 29,
} as const;
export type IdKind = (typeof IdKind)[keyof typeof IdKind];

const ORDINAL_BITS = 27n;
const METRIC_BITS = 10n;
/** The highest ordinal of a result: what 27 bits hold, enough for a million tests with a hundred trials. */
export const MAX_ORDINAL = 2 ** Number(ORDINAL_BITS) - 1;
/** The highest number of different metrics in one run. */
export const MAX_RUN_METRICS = 2 ** Number(METRIC_BITS);

const KINDS: ReadonlySet<number> = new Set(Object.values(IdKind));
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Layout of an id, an RFC 9562 UUID of version 7:
 *   48 bits milliseconds | 4 version | 6 kind, 6 random | 2 variant | 62 random
 * A run leaves its last 37 bits zero. Its results fill the last 27 with their ordinal, and the metric results of
 * those the 10 bits before with the metric's index: so both follow from the run, and the run from them.
 */
function format(value: bigint): string {
  const hex = value.toString(16).padStart(32, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function parse(id: string): bigint {
  return BigInt(`0x${id.replaceAll("-", "")}`);
}

const KIND_SHIFT = 70n;
const KIND_MASK = 0x3fn << KIND_SHIFT;
const ORDINAL_MASK = (1n << ORDINAL_BITS) - 1n;
const TAIL_MASK = (1n << (ORDINAL_BITS + METRIC_BITS)) - 1n;

function withKind(value: bigint, kind: IdKind): bigint {
  return (value & ~KIND_MASK) | (BigInt(kind) << KIND_SHIFT);
}

/** Random bytes for so many ids are drawn at once: drawing them one by one took most of the time of making an id. */
const POOLED_IDS = 1_024;
const RANDOM_BYTES = 10;
let pool = Buffer.alloc(0);
let drawn = 0;

/** Fills the last ten bytes of an id with random ones. */
function fillRandom(bytes: Buffer): void {
  if (drawn === pool.length) {
    pool = randomBytes(POOLED_IDS * RANDOM_BYTES);
    drawn = 0;
  }
  pool.copy(bytes, 6, drawn, drawn + RANDOM_BYTES);
  drawn += RANDOM_BYTES;
}

/** Makes a new id of the kind; ids made later sort later (to the millisecond). */
export function newId(kind: IdKind, now: number = Date.now()): string {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUIntBE(now, 0, 6);
  fillRandom(bytes);
  bytes.writeUInt8(0x70 | (kind >> 2), 6);
  bytes.writeUInt8(((kind & 3) << 6) | (bytes.readUInt8(7) & 0x3f), 7);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  if (kind === IdKind.TEST_RUN) {
    // The last 37 bits are its results' and metric results'.
    bytes.writeUInt8(bytes.readUInt8(11) & 0xe0, 11);
    bytes.writeUInt32BE(0, 12);
  }
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The kind of thing that the id names, or null when it is not one of our ids. */
export function kindOf(id: string): IdKind | null {
  if (!UUID.test(id)) return null;
  const kind = Number((parse(id) & KIND_MASK) >> KIND_SHIFT);
  return KINDS.has(kind) ? (kind as IdKind) : null; // the set holds nothing else
}

/** Whether the text is an id of the kind: what is not can be answered "not found" without a query. */
export function isId(id: string, kind: IdKind): boolean {
  return kindOf(id) === kind;
}

/** The id of a run's result: `ordinal` counts planned results from 1, trials of a test together. */
export function resultId(runId: string, ordinal: number): string {
  return idWithin(runId, IdKind.TEST_RESULT, ordinal, 0);
}

/** The run and ordinal that a result's id names, or null when it is not the id of a result. */
export function parseResultId(id: string): { runId: string; ordinal: number } | null {
  if (!isId(id, IdKind.TEST_RESULT)) return null;
  const value = parse(id);
  const runId = format(withKind(value & ~TAIL_MASK, IdKind.TEST_RUN));
  const ordinal = Number(value & ORDINAL_MASK);
  // With other metric bits it would be a second id of the same result.
  return ordinal > 0 && resultId(runId, ordinal) === id ? { runId, ordinal } : null;
}

/** The id of a metric's verdict on a result: `metricIndex` is the metric's place in the run's plan, from 0. */
export function metricResultId(runId: string, ordinal: number, metricIndex: number): string {
  return idWithin(runId, IdKind.METRIC_RESULT, ordinal, metricIndex);
}

/**
 * The run's id with another kind and its tail filled. Digit by digit rather than as one number, which took four times
 * as long: large downloads make hundreds of thousands. The last seven digits are the metric's lowest bit and the ordinal.
 */
function idWithin(runId: string, kind: IdKind, ordinal: number, metricIndex: number): string {
  const kindAndRandom = (kind << 6) | (Number.parseInt(runId.slice(15, 18), 16) & 0x3f);
  const high = (Number.parseInt(runId.slice(24, 29), 16) & 0xffe00) | (metricIndex >> 1);
  const low = ((metricIndex & 1) << 27) | ordinal;
  return `${runId.slice(0, 15)}${hexDigits(kindAndRandom, 3)}${runId.slice(18, 24)}${hexDigits(high, 5)}${hexDigits(low, 7)}`;
}

function hexDigits(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** The run, ordinal and metric index that a metric result's id names, or null when it is not one. */
export function parseMetricResultId(id: string): { runId: string; ordinal: number; metricIndex: number } | null {
  if (!isId(id, IdKind.METRIC_RESULT)) return null;
  const value = parse(id);
  const ordinal = Number(value & ORDINAL_MASK);
  if (ordinal === 0) return null;
  return { runId: format(withKind(value & ~TAIL_MASK, IdKind.TEST_RUN)), ordinal, metricIndex: Number((value & TAIL_MASK) >> ORDINAL_BITS) };
}
