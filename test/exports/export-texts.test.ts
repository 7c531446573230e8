import fc from "fast-check";
import { expect, test } from "vitest";
import { contentDisposition } from "../../src/exports/export-format.js";
import { textCell } from "../../src/exports/formula-guard.js";
import { xmlAttribute, xmlText, xmlToken } from "../../src/exports/xml-text.js";

const anyText = fc.string({ unit: fc.oneof(fc.constantFrom("&", "<", ">", '"', "\r", "\n", "\t", "\u0000", "\u001B", "\uFFFE", "\uFFFF", "\uD800", "\uDC00", "=", "/", "\\", "%", "é", "日", "😀"), fc.string({ minLength: 1, maxLength: 1, unit: "binary" })) });
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/u;

test("no text leaves a character that XML forbids or an open bracket in a document", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const shown of [xmlText(text), xmlAttribute(text), xmlToken(text)]) {
        expect(shown).not.toMatch(FORBIDDEN);
        expect(shown).not.toMatch(/[<>]|&(?!(amp|lt|gt|quot|#\d+);)/);
      }
      expect(xmlAttribute(text)).not.toMatch(/["\r\n\t]/);
    }),
  );
});

test("what XML allows comes back as it was", () => {
  const text = 'a <b> & "c" 日本 😀\u0085\r\n\t';
  const read = (xml: string): string => xml.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))).replaceAll("&amp;", "&");
  expect(read(xmlText(text))).toBe(text);
  expect(read(xmlAttribute(text))).toBe(text);
});

test("each beginning of a formula makes a guarded text, and nothing else does", () => {
  for (const start of ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]) expect(textCell(`${start}cmd`)).toBe(`'${start}cmd`);
  for (const text of ["", "1", "a=1", " =1", "'=1"]) expect(textCell(text)).toBe(text);
});

test("a file's name never breaks its header, names a folder or hides", () => {
  fc.assert(
    fc.property(anyText, (name) => {
      const header = contentDisposition({ name }, "junit");
      const match = /^attachment; filename="([\w.-]+)\.junit\.xml"; filename\*=UTF-8''([\w.~!$&+^`|%-]+)$/.exec(header);
      expect(match).not.toBeNull();
      const file = decodeURIComponent(match?.[2] ?? "");
      expect(file).not.toMatch(/[/\\"\r\n]|^\./);
      expect(Buffer.byteLength(file)).toBeLessThanOrEqual(255);
    }),
  );
  for (const long of ["長".repeat(300), "😀".repeat(300), `a${"😀".repeat(300)}`]) {
    const file = decodeURIComponent(/''(.*)$/.exec(contentDisposition({ name: long }, "junit"))?.[1] ?? "");
    expect(Buffer.byteLength(file)).toBeLessThanOrEqual(255);
    expect(long.startsWith(file.slice(0, -".junit.xml".length))).toBe(true);
    expect(Buffer.byteLength(file)).toBeGreaterThan(190);
  }
  expect(contentDisposition({ name: "Smoke - Run 2" }, "csv")).toBe(`attachment; filename="Smoke-Run-2.csv"; filename*=UTF-8''Smoke%20-%20Run%202.csv`);
  expect(contentDisposition({ name: "../../etc/passwd" }, "csv")).toBe(`attachment; filename="etc-passwd.csv"; filename*=UTF-8''etc%20passwd.csv`);
});
