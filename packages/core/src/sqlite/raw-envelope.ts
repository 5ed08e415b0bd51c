/** How an envelope lies in the file: length of the head (4 bytes, big endian), the head as JSON, then the body's bytes as they are. */
import type { Envelope, EnvelopeProperties } from "../envelope.ts";
import { CeleriacError, reasonOf } from "../errors.ts";

const lengthBytes = 4;

interface Head {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: EnvelopeProperties;
}

/** Throws PUBLISH_ENCODE's cause: whatever JSON.stringify throws (a circle, a bigint). */
export function writeEnvelope(envelope: Envelope): Uint8Array {
  const head = JSON.stringify({ properties: envelope.properties, headers: envelope.headers });
  const headBytes = Buffer.byteLength(head);
  const raw = Buffer.allocUnsafe(lengthBytes + headBytes + envelope.body.byteLength);
  raw.writeUInt32BE(headBytes, 0);
  raw.write(head, lengthBytes, "utf8");
  raw.set(envelope.body, lengthBytes + headBytes);
  return raw;
}

/** The body is a view into `raw`. Throws MESSAGE_UNDECODABLE. */
export function readEnvelope(raw: Uint8Array): Envelope {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const headBytes = bytes.byteLength < lengthBytes ? -1 : bytes.readUInt32BE(0);
  const bodyAt = lengthBytes + headBytes;
  if (headBytes < 2 || bodyAt > bytes.byteLength) {
    throw new CeleriacError(
      "MESSAGE_UNDECODABLE",
      `Stored message of ${bytes.byteLength} bytes has no head: expected its length, then JSON`,
    );
  }
  let head: Partial<Head> | null;
  try {
    head = JSON.parse(bytes.toString("utf8", lengthBytes, bodyAt)) as Partial<Head> | null;
  } catch (cause) {
    throw new CeleriacError("MESSAGE_UNDECODABLE", `Head of a stored message is no JSON: ${reasonOf(cause)}`, { cause });
  }
  if (!isRecord(head?.headers) || !isRecord(head.properties)) {
    throw new CeleriacError("MESSAGE_UNDECODABLE", "Head of a stored message has no headers or no properties");
  }
  return { headers: head.headers, properties: head.properties as unknown as EnvelopeProperties, body: bytes.subarray(bodyAt) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
