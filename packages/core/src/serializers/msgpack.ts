/** MessagePack in its plain form: no records, no extension types. What comes is looked through before it is decoded. */
import { createRequire } from "node:module";
import type { Serializer } from "../serializer.ts";
import type { Format, Plain } from "./encodable.ts";
import { checkMsgpack } from "./msgpack-check.ts";

const format: Format = {
  name: "msgpack",
  bigint: (value) => (value >= -(2n ** 63n) && value < 2n ** 64n ? null : "a bigint of more than 64 bits"),
  bytes: true,
  nonFinite: true,
};

/** Beyond 2^53 as bigint; documented, but its types do not know it. */
const exactIntegers = { int64AsType: "auto" } as object;

type Packr = InstanceType<typeof import("msgpackr").Packr>;
let packr: Packr | null = null;

/** Loaded by the first message that needs it. */
function codec(): Packr {
  if (packr === null) {
    const msgpackr = createRequire(import.meta.url)("msgpackr") as typeof import("msgpackr");
    packr = new msgpackr.Packr({ useRecords: false, variableMapSize: true, mapsAsObjects: true, ...exactIntegers });
  }
  return packr;
}

export const msgpackSerializer: Serializer = {
  name: "msgpack",
  contentType: "application/x-msgpack",
  contentEncoding: "binary",
  format,
  write: (value) => codec().pack(withWideIntegers(value)),
  read(bytes) {
    checkMsgpack(bytes);
    const value: unknown = codec().unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return { value, meant: null };
  },
};

/** Integers of more than 32 bits are floats to msgpackr unless they are bigints. */
function withWideIntegers(value: Plain): Plain {
  if (typeof value === "number")
    return Number.isSafeInteger(value) && (value > 0xffff_ffff || value < -0x8000_0000) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(withWideIntegers);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withWideIntegers(member)]));
}
