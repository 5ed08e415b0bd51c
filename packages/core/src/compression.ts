/** Compressed bodies, as kombu marks them in the header `compression`. Stands between serializers and envelopes. */
import { createRequire } from "node:module";
import zlib from "node:zlib";
import { BrokerError, CeleriacError, ConfigError, reasonOf } from "./errors.ts";

/** Names of Celery's that a body can be written with. bzip2 is only read. */
export const compressionNames = ["gzip", "zlib", "brotli", "zstd"] as const;
export type CompressionName = (typeof compressionNames)[number];

interface Codec {
  /** what the header says */
  readonly contentType: string;
  /** null: this process cannot write it */
  readonly compress: ((bytes: Uint8Array) => Uint8Array) | null;
  /** `maxBytes`: of what comes out. A text says why this process cannot read it. */
  readonly decompress: ((bytes: Uint8Array, maxBytes: number) => Uint8Array) | string;
}

/** kombu's codec of that name is a bare zlib stream, not a gzip file. */
const deflate: Codec = {
  contentType: "application/x-gzip",
  compress: (bytes) => zlib.deflateSync(bytes),
  decompress: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
};

const brotli: Codec = {
  contentType: "application/x-brotli",
  // The default, 11, is for what is written once and served often.
  compress: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }),
  decompress: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
};

type ZstdSync = (bytes: Uint8Array, options: { readonly maxOutputLength?: number; readonly pledgedSrcSize?: number }) => Uint8Array;
/** Node.js has it from 22.15 on. */
const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as {
  readonly zstdCompressSync?: ZstdSync;
  readonly zstdDecompressSync?: ZstdSync;
};

const zstd: Codec = {
  contentType: "application/zstd",
  // Python's zstandard wants the size in the frame.
  compress: zstdCompressSync === undefined ? null : (bytes) => zstdCompressSync(bytes, { pledgedSrcSize: bytes.byteLength }),
  decompress:
    zstdDecompressSync === undefined
      ? "Node.js reads it from version 22.15 on"
      : (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength }),
};

const bzip2: Codec = { contentType: "application/x-bz2", compress: null, decompress: bunzip2 };
const lzma: Codec = { contentType: "application/x-lzma", compress: null, decompress: "lzma is not read" };

const codecs = { gzip: deflate, zlib: deflate, brotli, zstd } as const satisfies Record<CompressionName, Codec>;

/** kombu's names and content types */
const byMark: ReadonlyMap<unknown, Codec> = new Map<unknown, Codec>([
  ...[deflate, brotli, zstd, bzip2, lzma].map((codec) => [codec.contentType, codec] as const),
  ...Object.entries(codecs),
  ...(["zstandard"] as const).map((name) => [name, zstd] as const),
  ...(["bzip2", "bzip"] as const).map((name) => [name, bzip2] as const),
  ...(["lzma", "xz"] as const).map((name) => [name, lzma] as const),
]);

/** Whether this process can write it. */
export function isCompression(name: unknown): name is CompressionName {
  return compressionNames.includes(name as CompressionName) && codecs[name as CompressionName].compress !== null;
}

/** The name under which a body marked `mark` could be compressed again; null where it was not, or cannot be. */
export function compressionOf(mark: unknown): CompressionName | null {
  const codec = byMark.get(mark);
  return compressionNames.find((name) => codecs[name] === codec && isCompression(name)) ?? null;
}

/** A body as it travels. */
export interface Compressed {
  readonly body: Uint8Array;
  /** the header; null: as it was written */
  readonly compression: string | null;
}

export function compress(body: Uint8Array, name: CompressionName | null): Compressed {
  if (name === null) return { body, compression: null };
  const codec: Codec = codecs[name];
  if (codec.compress === null)
    throw new ConfigError("CONFIG_INVALID", `Nothing can be compressed with ${name} here: ${String(codec.decompress)}`);
  return { body: codec.compress(body), compression: codec.contentType };
}

/** Throws CONTENT_REFUSED for what cannot be read here, MESSAGE_TOO_LARGE above `maxBytes`, MESSAGE_UNDECODABLE for what is damaged. */
export function decompress(body: Uint8Array, mark: unknown, maxBytes: number): Uint8Array {
  const codec = byMark.get(mark);
  if (codec === undefined || typeof codec.decompress === "string") {
    const why = codec === undefined ? "nothing of that name is known" : codec.decompress;
    throw new BrokerError("CONTENT_REFUSED", `Compression ${JSON.stringify(mark)} refused: ${String(why)}`);
  }
  try {
    return codec.decompress(body, maxBytes);
  } catch (cause) {
    if (cause instanceof TooLarge || (cause as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE")
      throw new CeleriacError("MESSAGE_TOO_LARGE", `Body is more than maxMessageBytes (${maxBytes}) when it is decompressed`);
    throw new CeleriacError(
      "MESSAGE_UNDECODABLE",
      `Body is not what header compression says (${JSON.stringify(mark)}): ${reasonOf(cause)}`,
      { cause },
    );
  }
}

class TooLarge extends Error {}

/** What seek-bzip reads from and writes to. */
interface ByteStreams {
  decode(
    input: { readByte(): number; read(into: Uint8Array, at: number, length: number): number; eof(): boolean },
    output: { writeByte(byte: number): void; flush(): void },
    multistream: boolean,
  ): void;
}

/** Byte by byte, so that nothing is made room for that does not come. */
function bunzip2(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const { decode } = createRequire(import.meta.url)("seek-bzip") as ByteStreams;
  let at = 0;
  let out = Buffer.allocUnsafe(Math.min(maxBytes, 65_536));
  let length = 0;
  const readByte = () => {
    if (at >= bytes.length) throw new Error("it ends early");
    return bytes[at++]!;
  };
  decode(
    {
      readByte,
      read(into, start, count) {
        for (let i = 0; i < count; i++) into[start + i] = readByte();
        return count;
      },
      eof: () => at >= bytes.length,
    },
    {
      writeByte(byte) {
        if (length === out.length) {
          if (length >= maxBytes) throw new TooLarge();
          out = Buffer.concat([out], Math.min(maxBytes, length * 2));
        }
        out[length++] = byte;
      },
      flush() {},
    },
    true,
  );
  return out.subarray(0, length);
}
