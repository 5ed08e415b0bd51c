/** Compressed bodies: what kombu wrote is read, what cannot be read is refused with a code, and nothing grows beyond its bound. */
import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CompressionName,
  compress,
  compressionNames,
  compressionOf,
  decompress,
  isCompression,
} from "../../../packages/core/src/compression.ts";
import { CeleriacError } from "../../../packages/core/src/errors.ts";

const hasZstd = "zstdCompressSync" in zlib;
const writable = compressionNames.filter((name) => name !== "zstd" || hasZstd);
const max = 1_000_000;
const coded = (code: string, message: string) => expect.objectContaining({ code, message: expect.stringContaining(message) });
/** What Python 3.11 makes of "celeriac" with each module; of 3,000,000 zeros with bz2. */
const ofPython = {
  "application/x-gzip": "eJxLTs1JLcpMTAYADowDOQ==",
  "application/x-bz2": "QlpoOTFBWSZTWfBS+rIAAAEBgCokEAAgACGADAImLsOLuSKcKEh4KX1ZAA==",
  zeros: "QlpoOTFBWSZTWaZFgLIAFvpACMAAQAAACCAAMMwJqmmpAi2pIEXi7kinChIUyLAWQA==",
};
const zstdFrame = "KLUv/QRYQQAAY2VsZXJpYWNWOsSk";

describe("a compressed body", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.constantFrom(...writable), (bytes, name) => {
        const { body, compression } = compress(bytes, name);
        expect([...decompress(body, compression, max)]).toEqual([...bytes]);
      }),
    );
  });

  it("is marked as kombu marks it", () => {
    const marks = { gzip: "application/x-gzip", zlib: "application/x-gzip", brotli: "application/x-brotli", zstd: "application/zstd" };
    for (const name of writable) {
      const { compression } = compress(Buffer.from("x"), name);
      expect(compression).toBe(marks[name]);
      expect(compressionOf(compression)).toBe(name === "zlib" ? "gzip" : name);
      expect(compressionOf(name)).toBe(name === "zlib" ? "gzip" : name);
    }
    expect(compress(Buffer.from("x"), null)).toEqual({ body: Buffer.from("x"), compression: null });
    expect(["application/x-bz2", "application/x-lzma", "?", null, 7].map(compressionOf)).toEqual([null, null, null, null, null]);
  });

  it("may be asked for under Celery's names, as far as this process can write it", () => {
    expect(["gzip", "zlib", "brotli"].map(isCompression)).toEqual([true, true, true]);
    expect(isCompression("zstd")).toBe(hasZstd);
    expect(["bzip2", "lzma", "toString", "", null].map(isCompression)).toEqual([false, false, false, false, false]);
  });

  it.each(["application/x-gzip", "gzip", "zlib"])("of Python's zlib is read under %s", (mark) => {
    expect(Buffer.from(decompress(Buffer.from(ofPython["application/x-gzip"], "base64"), mark, max)).toString()).toBe("celeriac");
  });

  it.each(["application/x-bz2", "bzip2", "bzip"])("of Python's bz2 is read under %s", (mark) => {
    expect(Buffer.from(decompress(Buffer.from(ofPython["application/x-bz2"], "base64"), mark, max)).toString()).toBe("celeriac");
  });

  it("of zstd is read where Node.js can", () => {
    const read = () => Buffer.from(decompress(Buffer.from(zstdFrame, "base64"), "application/zstd", max)).toString();
    if (hasZstd) expect(read()).toBe("celeriac");
    else expect(read).toThrow(coded("CONTENT_REFUSED", 'Compression "application/zstd" refused: Node.js reads it from version 22.15 on'));
  });

  it.each<[unknown, string]>([
    ["application/x-lzma", 'Compression "application/x-lzma" refused: lzma is not read'],
    ["rot13", 'Compression "rot13" refused: nothing of that name is known'],
    ["__proto__", "nothing of that name is known"],
    [["gzip"], 'Compression ["gzip"] refused'],
    [{ gzip: 1 }, "nothing of that name is known"],
  ])("is refused under %j", (mark, message) => {
    expect(() => decompress(Buffer.from("x"), mark, max)).toThrow(coded("CONTENT_REFUSED", message));
  });
});

describe("a bomb", () => {
  const zeros = Buffer.alloc(3_000_000);

  it.each(writable)("of %s is no larger than it may be", (name: CompressionName) => {
    const { body, compression } = compress(zeros, name);
    expect(body.byteLength).toBeLessThan(10_000);
    expect(decompress(body, compression, zeros.length)).toHaveLength(zeros.length);
    expect(() => decompress(body, compression, zeros.length - 1)).toThrow(
      coded("MESSAGE_TOO_LARGE", "Body is more than maxMessageBytes (2999999) when it is decompressed"),
    );
  });

  it("of bzip2 is no larger than it may be", () => {
    const bomb = Buffer.from(ofPython.zeros, "base64");
    expect(decompress(bomb, "bzip2", zeros.length)).toHaveLength(zeros.length);
    expect(() => decompress(bomb, "bzip2", zeros.length - 1)).toThrow(coded("MESSAGE_TOO_LARGE", "2999999"));
  });
});

describe("bytes of a stranger", () => {
  const marks = ["application/x-gzip", "application/x-brotli", "application/x-bz2", "application/zstd"];
  const cut = marks.flatMap((mark) => {
    const whole = mark === "application/x-bz2" ? Buffer.from(ofPython[mark], "base64") : null;
    const bytes =
      whole ??
      (compressionOf(mark) === null
        ? Buffer.from(zstdFrame, "base64")
        : Buffer.from(compress(Buffer.from("celeriac"), compressionOf(mark)).body));
    return [...bytes.keys()].map((length) => ({ mark, bytes: bytes.subarray(0, length) }));
  });

  it("are no body where they end early", () => {
    for (const { mark, bytes } of cut) {
      try {
        // Some give what they have until then.
        expect("celeriac".startsWith(Buffer.from(decompress(bytes, mark, max)).toString())).toBe(true);
      } catch (error) {
        if (!CeleriacError.is(error)) throw error;
        expect(["MESSAGE_UNDECODABLE", "CONTENT_REFUSED"]).toContain(error.code);
      }
    }
  });

  it("are a body or refused with a code, whatever they are", () => {
    const broken = fc
      .constantFrom(...cut)
      .chain(({ mark, bytes }) => fc.uint8Array({ maxLength: 60 }).map((tail) => ({ mark, bytes: Buffer.concat([bytes, tail]) })));
    fc.assert(
      fc.property(broken, ({ mark, bytes }) => {
        try {
          expect(decompress(bytes, mark, max).byteLength).toBeLessThanOrEqual(max);
        } catch (error) {
          expect(["MESSAGE_UNDECODABLE", "MESSAGE_TOO_LARGE", "CONTENT_REFUSED"]).toContain((error as { readonly code?: string }).code);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
