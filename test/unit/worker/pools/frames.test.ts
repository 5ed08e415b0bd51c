import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader, FrameWriter, frameKind, frameVersion, maxFrameBytes } from "../../../../packages/worker/src/pools/frames.ts";

interface Frame {
  readonly kind: number;
  readonly number: number;
  readonly payload: string;
}

const frame = fc.record({
  kind: fc.integer({ min: 1, max: 255 }),
  number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 3_000, maxLength: 6_000 })),
});

function readAll(chunks: readonly Buffer[]): Frame[] {
  const read: { kind: number; number: number; bytes: Buffer; start: number; end: number }[] = [];
  const reader = new FrameReader();
  for (const chunk of chunks) {
    reader.read(chunk, { frame: (kind, number, bytes, start, end) => void read.push({ kind, number, bytes, start, end }) });
  }
  // Looked at only now: a payload must still be there when later chunks have been read.
  return read.map(({ kind, number, bytes, start, end }) => ({ kind, number, payload: bytes.toString("hex", start, end) }));
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
}

describe("frames", () => {
  it("come out as they went in, however the stream is cut", () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9_000 })), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), sizes, (frames, cuts) => {
        const writer = new FrameWriter();
        for (const { kind, number, payload } of frames) {
          writer.open(kind, number);
          writer.bytes(payload);
          writer.close();
        }
        const expected = frames.map(({ kind, number, payload }) => ({ kind, number, payload: Buffer.from(payload).toString("hex") }));
        expect(readAll(cut(writer.take(), cuts))).toEqual(expected);
      }),
    );
  });

  it("carry text, sizes and numbers", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (text, number) => {
        const writer = new FrameWriter();
        writer.open(1, 0);
        writer.sizedText(text);
        writer.u32(number);
        writer.u8(7);
        writer.text(text);
        writer.close();
        const bytes = Buffer.from(text);
        const size = Buffer.alloc(4);
        size.writeUInt32LE(bytes.length);
        const value = Buffer.alloc(5);
        value.writeUInt32LE(number);
        value[4] = 7;
        const payload = Buffer.concat([size, bytes, value, bytes]).toString("hex");
        expect(readAll([writer.take()])).toEqual([{ kind: 1, number: 0, payload }]);
      }),
    );
  });

  it("are given away alone in their memory, or shown and collected anew", () => {
    const writer = new FrameWriter();
    writer.empty(frameKind.ping, 0);
    const taken = writer.take();
    expect(taken.byteOffset).toBe(0);
    expect(writer.pendingBytes).toBe(0);
    writer.textFrame(frameKind.softLimit, 9, "x".repeat(2_000_000));
    const shown: Buffer[] = [];
    writer.drain((bytes) => void shown.push(Buffer.from(bytes)));
    writer.empty(frameKind.pong, 3);
    writer.drain((bytes) => void shown.push(Buffer.from(bytes)));
    expect(readAll(shown).map(({ kind, number }) => [kind, number])).toEqual([
      [frameKind.softLimit, 9],
      [frameKind.pong, 3],
    ]);
    expect(readAll([taken])).toEqual([{ kind: frameKind.ping, number: 0, payload: "" }]);
  });

  it("of another version are refused with both versions and what to do", () => {
    const writer = new FrameWriter();
    writer.empty(frameKind.ready, 0);
    const bytes = writer.take();
    bytes[4] = 9;
    for (const chunks of [[bytes], cut(bytes, [3])]) {
      expect(() => readAll(chunks)).toThrow(
        expect.objectContaining({
          code: "WORKER_STARTUP",
          message: expect.stringMatching(/version 1 .*got version 9.*restart the worker/),
        }),
      );
    }
  });

  it("that claim an impossible size are refused", () => {
    for (const length of [5, maxFrameBytes + 1, 0xffffffff]) {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32LE(length);
      bytes[4] = frameVersion;
      expect(() => readAll([bytes])).toThrow(expect.objectContaining({ code: "WORKER_STARTUP" }));
    }
  });

  it("that would be too large are not written, and those before them stay", () => {
    const writer = new FrameWriter();
    writer.empty(frameKind.pong, 1);
    writer.open(frameKind.run, 2);
    // A view that claims its size without owning it: the refusal comes before anything is copied.
    const body = { length: maxFrameBytes } as unknown as Uint8Array;
    expect(() => writer.bytes(body)).toThrow(RangeError);
    writer.empty(frameKind.pong, 3);
    expect(readAll([writer.take()]).map(({ number }) => number)).toEqual([1, 3]);
  });
});
