/** Fernet, as Airflow encrypts passwords: AES-128-CBC under HMAC-SHA256, in tokens that Python's `cryptography` makes and reads. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, ConfigError } from "@celeriac/core/runtime";

export interface Fernet {
  /** With the first key. */
  encrypt(text: string): string;
  /** With whichever key fits; null: none does, or it is no whole token. */
  decrypt(token: string): string | null;
}

const version = 0x80;
const macBytes = 32;
/** version, time in seconds, IV */
const headBytes = 1 + 8 + 16;

/** `keys`: of 32 bytes each, in URL-safe base64, with commas between them; the first one encrypts. Throws CONFIG_INVALID. */
export function createFernet(keys: string, clock: Pick<Clock, "now">): Fernet {
  const known = keys.split(",").map(readKey);
  const sign = (key: Key, body: Buffer) => createHmac("sha256", key.signing).update(body).digest();
  return {
    encrypt(text) {
      const head = Buffer.alloc(headBytes);
      head.writeUInt8(version);
      head.writeBigUInt64BE(BigInt(Math.floor(clock.now() / 1_000)), 1);
      randomBytes(16).copy(head, 9);
      const key = known[0]!;
      const cipher = createCipheriv("aes-128-cbc", key.encryption, head.subarray(9));
      const body = Buffer.concat([head, cipher.update(text, "utf8"), cipher.final()]);
      return urlSafe(Buffer.concat([body, sign(key, body)]));
    },
    decrypt(token) {
      const bytes = Buffer.from(token, "base64url");
      const [body, mac] = [bytes.subarray(0, -macBytes), bytes.subarray(-macBytes)];
      if (body.length <= headBytes || body[0] !== version) return null;
      const key = known.find((each) => timingSafeEqual(sign(each, body), mac));
      if (key === undefined) return null;
      const decipher = createDecipheriv("aes-128-cbc", key.encryption, body.subarray(9, headBytes));
      return Buffer.concat([decipher.update(body.subarray(headBytes)), decipher.final()]).toString("utf8");
    },
  };
}

interface Key {
  readonly signing: Buffer;
  readonly encryption: Buffer;
}

function readKey(text: string): Key {
  const bytes = Buffer.from(text.trim(), "base64url");
  if (bytes.length !== 32 || urlSafe(bytes) !== text.trim())
    throw new ConfigError(
      "CONFIG_INVALID",
      "CELERIAC_DAG_FERNET_KEY: expected keys of 32 bytes in URL-safe base64, with commas between them",
    );
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) };
}

/** With the signs at its end that fill it up, as Python writes it. */
function urlSafe(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}
