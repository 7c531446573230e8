import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { DownloadLinks } from "../../src/exports/index.js";
import { IdKind, newId } from "../../src/ids.js";

const organizationId = newId(IdKind.ORGANIZATION);
const target = { runId: newId(IdKind.TEST_RUN), format: "csv" } as const;
const secretKey = randomBytes(32);

function linksAt(time: string, key = secretKey): DownloadLinks {
  return new DownloadLinks({ secretKey: key, now: () => new Date(time) });
}

const path = linksAt("2026-11-20T10:00:00.000Z").sign({ organizationId }, target);
const query = new URL(path, "http://gateway").searchParams;

test("a link is good for five minutes and no moment longer", () => {
  expect(linksAt("2026-11-20T10:05:00.000Z").verify(query, target)).toEqual({ organizationId });
  expect(() => linksAt("2026-11-20T10:05:00.001Z").verify(query, target)).toThrow(expect.objectContaining({ code: "FORBIDDEN", reason: "LINK_EXPIRED" }) as Error);
});

test("a link of another installation is none", () => {
  expect(() => linksAt("2026-11-20T10:00:00.000Z", randomBytes(32)).verify(query, target)).toThrow(expect.objectContaining({ reason: "LINK_INVALID" }) as Error);
});

test("every change of a link's signature makes it invalid", () => {
  const signature = query.get("signature") ?? "";
  for (const changed of [`${signature}=`, `${signature} `, signature.slice(1), `A${signature}`, ""]) {
    const forged = new URLSearchParams(query);
    forged.set("signature", changed);
    expect(() => linksAt("2026-11-20T10:00:00.000Z").verify(forged, target)).toThrow(expect.objectContaining({ reason: "LINK_INVALID" }) as Error);
  }
});
