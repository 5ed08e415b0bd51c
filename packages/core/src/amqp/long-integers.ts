/**
 * Python's client writes integers beyond 32 bits with the type code `L`, RabbitMQ passes it on, and the library does not know it: it would drop the
 * connection at every such message. The code it does know for the same eight bytes is `l`, so the code is replaced in each header frame as it arrives.
 */

/** What is used of the library's connection; not part of its documented surface, so it is checked. */
interface FrameReader {
  /** bytes that arrived and were not yet read */
  rest: Buffer;
  /** Reads the next frame from `rest`; calls itself again after it took more bytes from the socket. */
  recvFrame(): unknown;
}

const headerFrame = 2;
const frameHeadBytes = 7;
/** class, weight and body size, before the flags */
const contentHeadBytes = 12;
const hasContentType = 0x8000;
const hasContentEncoding = 0x4000;
const hasHeaders = 0x2000;
const [codeL, codeSmallL] = [0x4c, 0x6c];

/** Makes an open connection read `L`. Throws TypeError if the library's inside is not as expected. */
export function readLongIntegers(connection: unknown): void {
  const reader = connection as Partial<FrameReader>;
  const { recvFrame } = reader;
  if (typeof recvFrame !== "function" || !Buffer.isBuffer(reader.rest))
    throw new TypeError("This version of amqplib reads frames differently");
  reader.recvFrame = function (this: FrameReader) {
    replaceInNextFrame(this.rest);
    return recvFrame.call(this);
  };
}

/** Replaces the codes in the frame at the start of `bytes`, if it is a whole header frame with headers. */
export function replaceInNextFrame(bytes: Buffer): void {
  if (bytes.length < frameHeadBytes || bytes[0] !== headerFrame) return;
  const end = frameHeadBytes + bytes.readUInt32BE(3);
  if (bytes.length < end) return;
  let offset = frameHeadBytes + contentHeadBytes;
  const flags = bytes.readUInt16BE(offset);
  if ((flags & hasHeaders) === 0) return;
  offset += 2;
  for (const flag of [hasContentType, hasContentEncoding]) if ((flags & flag) !== 0) offset += 1 + bytes[offset]!;
  replaceInTable(bytes, offset);
}

/** Gives the offset after the table at `offset`. */
function replaceInTable(bytes: Buffer, offset: number): number {
  let at = offset + 4;
  const end = at + bytes.readUInt32BE(offset);
  while (at < end) {
    at += 1 + bytes[at]!;
    at = replaceInValue(bytes, at);
  }
  return end;
}

function replaceInArray(bytes: Buffer, offset: number): number {
  let at = offset + 4;
  const end = at + bytes.readUInt32BE(offset);
  while (at < end) at = replaceInValue(bytes, at);
  return end;
}

/** Bytes of the values whose size is fixed, by type code. */
const sizes: Readonly<Record<string, number>> = { t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, f: 4, D: 5, l: 8, d: 8, T: 8, V: 0 };

function replaceInValue(bytes: Buffer, offset: number): number {
  if (bytes[offset] === codeL) bytes[offset] = codeSmallL;
  const code = String.fromCharCode(bytes[offset]!);
  const at = offset + 1;
  if (code === "S" || code === "x") return at + 4 + bytes.readUInt32BE(at);
  if (code === "F") return replaceInTable(bytes, at);
  if (code === "A") return replaceInArray(bytes, at);
  // An unknown code: RabbitMQ refuses it from a publisher; the library will say what it is.
  return sizes[code] === undefined ? bytes.length : at + sizes[code];
}
