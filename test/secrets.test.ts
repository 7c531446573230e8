import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SecretBox, SecretUnreadableError } from "../src/secrets.js";

const key = randomBytes(32);

describe("SecretBox", () => {
  it("opens whatever it sealed, for the same place, and never seals alike", () => {
    const box = new SecretBox(key);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (plain, place) => {
        const sealed = box.seal(plain, place);
        expect(box.open(sealed, place)).toBe(plain);
        expect(box.seal(plain, place)).not.toBe(sealed);
      }),
    );
  });

  it("shows which key sealed, and nothing of key or text", () => {
    expect(new SecretBox(key).seal("s3cr3t", "endpoint 1")).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]+$/);
  });

  it("does not open a text of another place, another key, or one that was changed", () => {
    const box = new SecretBox(key);
    const sealed = box.seal("s3cr3t", "endpoint 1");
    const other = new SecretBox(randomBytes(32));
    for (const open of [() => box.open(sealed, "endpoint 2"), () => other.open(sealed, "endpoint 1"), () => box.open("nonsense", "endpoint 1"), () => box.open(sealed.replace("v1", "v2"), "endpoint 1"), () => box.open(`${sealed.slice(0, -2)}AA`, "endpoint 1"), () => box.open(sealed.slice(0, 20), "endpoint 1")]) {
      expect(open).toThrow(SecretUnreadableError);
    }
  });

  it("opens texts of older keys, and says that they are outdated", () => {
    const sealed = new SecretBox(key).seal("s3cr3t", "p");
    const rotated = new SecretBox(randomBytes(32), [key]);
    expect(rotated.open(sealed, "p")).toBe("s3cr3t");
    expect(rotated.isOutdated(sealed)).toBe(true);
    expect(rotated.isOutdated(rotated.seal("s3cr3t", "p"))).toBe(false);
  });

  it("refuses a key of another length", () => {
    expect(() => new SecretBox(randomBytes(16))).toThrow("32 bytes");
  });
});
