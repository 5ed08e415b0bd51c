import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hideSecret } from "../../../packages/core/src/known-secrets.ts";
import { captureLines, LineCutter, maskWrites } from "../../../packages/core/src/output-lines.ts";

describe("lines", () => {
  it("are whole however the bytes are cut, and the last needs no end", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, "")),
          { minLength: 1 },
        ),
        fc.integer({ min: 1, max: 7 }),
        (texts, size) => {
          const lines: string[] = [];
          const cutter = new LineCutter((line) => void lines.push(line));
          const bytes = Buffer.from(texts.join("\n"));
          for (let at = 0; at < bytes.length; at += size) cutter.add(bytes.subarray(at, at + size));
          cutter.end();
          expect(lines).toEqual(texts.filter((text) => text !== ""));
        },
      ),
    );
  });

  it("lose the carriage return of other systems, and come in pieces when endless", () => {
    const lines: string[] = [];
    const cutter = new LineCutter((line) => void lines.push(line));
    cutter.add("one\r\n");
    cutter.add("x".repeat(40_000));
    expect(lines.map((line) => line.length)).toEqual([3, 16_384, 16_384, 7_232]);
  });

  it("are caught at the stream they are written to, in whatever encoding", async () => {
    const lines: string[] = [];
    const stream = new PassThrough();
    captureLines(stream, (line) => void lines.push(line));
    expect(stream.write("plain\n")).toBe(true);
    expect(lines).toEqual(["plain"]);
    stream.write("68690a", "hex");
    stream.write(new Uint8Array([111, 107, 10]));
    await new Promise<void>((resolve) => stream.write("then\n", () => resolve()));
    await new Promise<void>((resolve) => stream.write("utf8\n", "utf8", () => resolve()));
    expect(lines).toEqual(["plain", "hi", "ok", "then", "utf8"]);
    expect(stream.read()).toBeNull();
  });
});

describe("secrets", () => {
  it("that were read are masked in what is written, and all else is left as it is", async () => {
    const stream = new PassThrough();
    maskWrites(stream);
    hideSecret("a word for one cave only");
    stream.write("open: a word for one cave only, http://user:word@host\n");
    stream.write("61 62\n", "ascii");
    stream.write(Buffer.from("bytes\n"));
    stream.end();
    expect(await text(stream)).toBe("open: ********, http://user:word@host\n61 62\nbytes\n");
  });
});
