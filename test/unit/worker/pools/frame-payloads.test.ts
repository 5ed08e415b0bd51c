import type { Publication } from "@celeriac/core/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Ending, Run } from "../../../../packages/core/src/run.ts";
import { readEnding, writeEnding } from "../../../../packages/worker/src/pools/ending-frame.ts";
import { FrameReader, FrameWriter } from "../../../../packages/worker/src/pools/frames.ts";
import { readRun, writeRun } from "../../../../packages/worker/src/pools/run-frame.ts";
import { scriptedRun } from "../../../support/executor-pool.ts";

function through<T>(write: (writer: FrameWriter) => void, read: (bytes: Buffer, start: number, end: number) => T): T {
  const writer = new FrameWriter();
  writer.empty(99, 0);
  write(writer);
  const got: T[] = [];
  new FrameReader().read(writer.take(), {
    frame: (kind, _number, bytes, start, end) => void (kind === 99 || got.push(read(bytes, start, end))),
  });
  return got[0] as T;
}

const runThere = (run: Run, reportBegun = false) => through((writer) => writeRun(writer, 1, run, reportBegun), readRun);
const endingThere = (ending: Ending, ms = 0) => through((writer) => writeEnding(writer, 1, ending, ms), readEnding);

function publication(body: Uint8Array, dueAt?: number): Publication {
  const properties = {
    contentType: "a/b",
    contentEncoding: "binary",
    correlationId: "c",
    replyTo: null,
    deliveryMode: 2,
    priority: 3,
  } as const;
  const envelope = { headers: { id: "é" }, properties: { ...properties, expiration: null, deliveryTag: "t" }, body };
  return { envelope, route: { exchange: "", routingKey: "q" }, ...(dueAt === undefined ? {} : { dueAt }) };
}

describe("a run on its way to an executor", () => {
  it("arrives with every field and its body byte for byte", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 500 }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.boolean(),
        (body, given, reportBegun) => {
          // JSON has no -0 to keep, and a name of __proto__ is no header.
          const headers = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
          const run = scriptedRun(
            { do: "where" },
            { headers, body, replyTo: "r", priority: 9, redelivered: true, deliveries: 2, timeLimitMs: 5.5 },
          );
          const { run: arrived, reportBegun: asked } = runThere(run, reportBegun);
          expect({ ...arrived, body: [...arrived.body] }).toEqual({ ...run, body: [...body] });
          expect(asked).toBe(reportBegun);
        },
      ),
    );
  });

  it("has bigints in its headers turned into text", () => {
    expect(runThere(scriptedRun({ do: "where" }, { headers: { serial: 2n ** 60n } })).run.headers).toEqual({
      serial: "1152921504606846976",
    });
  });

  it("leaves nothing behind when its headers cannot be written", () => {
    const writer = new FrameWriter();
    const headers: Record<string, unknown> = {};
    headers["self"] = headers;
    expect(() => writeRun(writer, 1, scriptedRun({ do: "where" }, { headers }), false)).toThrow(TypeError);
    expect(writer.pendingBytes).toBe(0);
  });
});

describe("an ending on its way back", () => {
  const error = { type: "ValueError", module: "builtins", args: ["no", 1], traceback: "é\n" };
  const step = { id: "next", task: "t", group: null, argsRepr: "('é',)", kwargsRepr: "{}", ignoreResult: null, replyTo: "me" };

  it("arrives as it was, whatever its kind", () => {
    const endings: Ending[] = [
      { kind: "succeeded", value: '{"é":1}', children: [], publish: [] },
      { kind: "succeeded", value: "null", children: [["x", null]], publish: [] },
      { kind: "failed", error, expected: true, unrun: [], children: [], publish: [] },
      { kind: "rejected", requeue: true, reason: "later" },
      { kind: "ignored" },
      { kind: "unknown" },
      { kind: "handedBack" },
      { kind: "undecodable", reason: "not JSON" },
      { kind: "executorLost", reason: "gone", begun: true },
    ];
    for (const ending of endings) expect(endingThere(ending).ending).toEqual(ending);
  });

  it("carries the bodies of its publications as bytes, each to its own", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 }), fc.string(), (bodies, text) => {
        const publish = bodies.map((body, index) => publication(body, index === 1 ? 1234 : undefined));
        const kinds: Ending[] = [
          { kind: "succeeded", value: JSON.stringify(text), children: [], publish },
          { kind: "failed", error, expected: false, unrun: [step], children: [1], publish },
          { kind: "retried", error, publish },
        ];
        for (const ending of kinds) {
          const { ending: arrived } = endingThere(ending);
          if (!("publish" in arrived)) throw new Error("no publications arrived");
          expect(arrived.publish.map((one) => [...one.envelope.body])).toEqual(bodies.map((body) => [...body]));
          const noBody = (one: Publication) => ({ ...one, envelope: { ...one.envelope, body: null } });
          expect({ ...arrived, publish: arrived.publish.map(noBody) }).toEqual({ ...ending, publish: publish.map(noBody) });
        }
      }),
    );
  });

  it("tells how long the run took, to the microsecond and up to 71 minutes", () => {
    const ending: Ending = { kind: "ignored" };
    expect(endingThere(ending, 1.2345).runMs).toBe(1.235);
    expect(endingThere(ending, 10 * 3_600_000).runMs).toBeCloseTo(4_294_967.295, 3);
  });
});
