/** Whatever lies in an envelope: its request is read or refused with a code, and its run has an ending. */

import { createApp } from "@celeriac/core";
import { CeleriacError, type Delivery, type Envelope, runtimeOf } from "@celeriac/core/runtime";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createExecute } from "../../../packages/core/src/execute.ts";
import type { Ending } from "../../../packages/core/src/run.ts";
import { readRequest } from "../../../packages/worker/src/request.ts";
import { anySign } from "../../support/any-sign.ts";
import { createEnvelope } from "../../support/envelopes.ts";
import { hostileMessages } from "../../support/hostile.ts";

const app = createApp("hostile", {
  broker: "sqlite:///nowhere/hostile.db",
  config: { acceptContent: ["json", "msgpack", "yaml"], maxMessageBytes: 1_000_000 },
});
const runtime = runtimeOf(app)!;
app.task("fault.mark", (...args: unknown[]) => args.length);
afterAll(() => app.close());

/** The code that kept it from being run, or how its run ended. */
async function fateOf({ headers, ...rest }: Partial<Envelope>, contentType: string): Promise<string> {
  const base = createEnvelope({ headers: { task: "fault.mark", ...headers } });
  const envelope = { ...base, ...rest, properties: { ...base.properties, contentType }, headers: base.headers };
  const delivery = { envelope, queue: "q", deliveries: 0, redelivered: false } as Partial<Delivery> as Delivery;
  try {
    const { run, maxBytes } = readRequest(runtime, delivery, new Map());
    if (run.body.byteLength > maxBytes) return "MESSAGE_TOO_LARGE";
    const execute = await createExecute(runtime, "w1@host");
    const ending: Ending = await execute(run, { signal: new AbortController().signal, updateState: async () => {}, log() {} });
    return ending.kind === "undecodable" ? ending.reason.replace(/:.*/s, "") : ending.kind;
  } catch (error) {
    if (!CeleriacError.is(error)) throw error;
    return error.code;
  }
}

const codes = ["MESSAGE_UNDECODABLE", "CONTENT_REFUSED", "MESSAGE_TOO_LARGE"];

describe("a hostile message", () => {
  it.each(hostileMessages)("is refused with a code: $what", async ({ body, contentType = "application/json", headers = {}, code }) => {
    expect(await fateOf({ body, headers }, contentType)).toBe(code);
  });

  it("changes no prototype", async () => {
    const body = Buffer.from('[[{"__proto__": {"polluted": 1}}], {"__proto__": {"polluted": 1}}, {"__proto__": {"chain": [1]}}]');
    const headers = JSON.parse('{"__proto__": {"polluted": 1}}') as Record<string, unknown>;
    expect(await fateOf({ body, headers }, "application/json")).toBe("failed");
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("has a fate of few, whatever is in it", async () => {
    const name = fc.constantFrom(
      ...["task", "id", "eta", "expires", "retries", "timelimit", "compression", "group", "root_id", "parent_id", "ignore_result"],
      ...["__proto__", "constructor", "toString", "x-celeriac-deliveries", "redelivered"],
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2, stringUnit: anySign }),
      fc.constantFrom("fault.mark", "gzip", "2030-01-01", undefined),
    );
    const headers = fc.dictionary(name, value, { noNullPrototype: true });
    const part = fc.oneof(fc.json({ maxDepth: 3 }), fc.constantFrom("[]", "{}", "null", '{"args": [], "task": "fault.mark", "id": "i"}'));
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.tuple(part, part, part).map((parts) => Buffer.from(`[${parts}]`)),
      part.map((json) => Buffer.from(json)),
    );
    const type = fc.constantFrom("application/json", "application/x-msgpack", "application/x-yaml", "application/data", "__proto__");
    await fc.assert(
      fc.asyncProperty(headers, body, type, async (given, bytes, contentType) => {
        expect([...codes, "succeeded", "failed", "expired", "unknown"]).toContain(
          await fateOf({ headers: given, body: bytes }, contentType),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});
