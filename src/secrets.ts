import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { FailedPreconditionError } from "./errors.js";

const VERSION = "v1";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A stored secret cannot be read: it was stored under another key, or changed. Never holds the secret. */
export class SecretUnreadableError extends FailedPreconditionError {
  constructor(place: string) {
    super("SECRET_UNREADABLE", `The secret of the ${place} cannot be read with the present SECRET_KEY. Start the gateway with the key that it was stored under.`);
  }
}

/**
 * Encrypts secrets at rest by AES-256-GCM. A sealed text is `v1.KEY.DATA`: the format, which key it is, and the
 * base64url of nonce, tag and ciphertext; so keys can be rotated while old texts stay readable. `place`, such as
 * `endpoint ID`, is authenticated too: a text that was copied to another row does not open there.
 */
export class SecretBox {
  readonly #readAgain: (() => readonly Buffer[]) | null;
  #current: { readonly id: string; readonly key: Buffer };
  #keys: ReadonlyMap<string, Buffer>;

  /**
   * The first key seals; all of them open. Each has 32 bytes. `readAgain` answers the keys as they are now, the present
   * one first: another process may rotate them while this one works.
   */
  constructor(key: Buffer, olderKeys: readonly Buffer[] = [], readAgain: (() => readonly Buffer[]) | null = null) {
    this.#readAgain = readAgain;
    [this.#current, this.#keys] = ringOf(key, olderKeys);
  }

  #refresh(): void {
    const [key, ...olderKeys] = this.#readAgain?.() ?? [];
    if (key !== undefined) [this.#current, this.#keys] = ringOf(key, olderKeys);
  }

  /** Encrypts a text for a place. Each call gives another text. */
  seal(plain: string, place: string): string {
    this.#refresh();
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#current.key, iv).setAAD(Buffer.from(place));
    const data = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
    return `${VERSION}.${this.#current.id}.${Buffer.concat([iv, cipher.getAuthTag(), data]).toString("base64url")}`;
  }

  /** Decrypts what was sealed for the place. Throws SecretUnreadableError. */
  open(sealed: string, place: string): string {
    const [version, id = "", data] = sealed.split(".");
    if (!this.#keys.has(id)) this.#refresh();
    const key = this.#keys.get(id);
    if (version !== VERSION || key === undefined || data === undefined) throw new SecretUnreadableError(place);
    const bytes = Buffer.from(data, "base64url");
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch {
      throw new SecretUnreadableError(place); // the cipher's own error says less, and nothing of it helps
    }
  }

  /** Whether the text was sealed with a key other than the present one. */
  isOutdated(sealed: string): boolean {
    return sealed.split(".")[1] !== this.#current.id;
  }
}

function ringOf(key: Buffer, olderKeys: readonly Buffer[]): [{ id: string; key: Buffer }, ReadonlyMap<string, Buffer>] {
  for (const each of [key, ...olderKeys]) if (each.length !== 32) throw new Error(`A secret key has 32 bytes; this one has ${each.length}.`);
  return [{ id: keyId(key), key }, new Map([key, ...olderKeys].map((each) => [keyId(each), each]))];
}

/** Tells keys apart without telling anything of them. */
function keyId(key: Buffer): string {
  return createHash("sha256").update("assay key id\0").update(key).digest("hex").slice(0, 8);
}
