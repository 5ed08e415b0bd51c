/** What a call may say, and that whatever is wrong with it is refused with a code before anything is sent. */
import { describe, expect, it } from "vitest";
import { type ApplyOptions, createCall } from "../../../packages/core/src/call.ts";
import { taskJson } from "../../../packages/core/src/canvas/composite.ts";
import { createSignature } from "../../../packages/core/src/canvas/signature.ts";
import { readOptions } from "../../../packages/core/src/canvas/wire-options.ts";
import { type ComposeContext, compose } from "../../../packages/core/src/compose.ts";
import type { SignatureJson } from "../../../packages/core/src/step.ts";
import { routerOf, settingsOf } from "../../support/router.ts";

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const context: ComposeContext = {
  settings: settingsOf(),
  router: routerOf(),
  origin: "gen1@host",
  replyTo: null,
  nowMs,
};
const messageOf = (options: object) => compose(context, createCall("t", [], options as ApplyOptions<never>), undefined, "id", null).message;
const refused = (code: string, text: string) => expect.objectContaining({ code, message: expect.stringContaining(text) });
const nothingIsSent = (): never => {
  throw new Error("nothing is sent here");
};
const sender = { send: nothingIsSent, sendComposite: nothingIsSent, handle: nothingIsSent };
const signature = createSignature(sender, taskJson("t", []));

describe("the options of a call", () => {
  it.each<[object, string]>([
    [{ priority: 10 }, "priority cannot be 10"],
    [{ priority: 1.5 }, "priority cannot be 1.5"],
    [{ eta: "tomorrow" }, 'eta cannot be "tomorrow"'],
    [{ eta: new Date(Number.NaN) }, "eta is an invalid Date"],
    [{ eta: new Date(8.64e15) }, "eta is outside the years 1 to 9999"],
    [{ countdown: 1e12 }, "countdown is outside the years 1 to 9999"],
    [{ expires: new Date(Number.NaN) }, "expires is an invalid Date"],
    [{ queue: "" }, 'queue cannot be ""'],
    [{ queue: 5 }, "queue cannot be 5"],
    [{ taskId: "" }, 'taskId cannot be ""'],
    [{ headers: "abc" }, 'headers cannot be "abc"'],
    [{ kwargs: [1] }, "kwargs cannot be [1]"],
    [{ retry: "no" }, 'retry cannot be "no"'],
    [{ abort: 5 }, "abort cannot be 5"],
    [{ serializer: "pickle" }, 'serializer cannot be "pickle"'],
    [{ compression: "bzip2" }, 'compression cannot be "bzip2"'],
    [{ argsrepr: 5 }, "argsrepr cannot be 5"],
    [{ deliveryMode: "durable" }, 'deliveryMode cannot be "durable"'],
    [{ deliveryMode: 3 }, "deliveryMode cannot be 3"],
    [{ retryPolicy: { retries: 3 } }, 'retryPolicy cannot be {"retries":3}'],
    [{ retryPolicy: { maxRetries: -1 } }, "retryPolicy cannot be"],
    [{ groupIndex: -1 }, "groupIndex cannot be -1"],
    [{ stamps: ["a"] }, "stamps cannot be"],
    [{ addToParent: "no" }, "addToParent cannot be"],
    [{ link: () => 1 }, "link cannot be"],
    [{ linkError: null }, "linkError cannot be null"],
    [{ link: [signature, 5] }, "link cannot be"],
  ])("are refused where they do not fit: %o", (options, text) => {
    expect(() => messageOf(options)).toThrow(refused("CONFIG_INVALID", text));
  });

  it.each<[object, string]>([
    [{ countdown: -1 }, "countdown is -1"],
    [{ countdown: Number.NaN }, "countdown is NaN"],
    [{ timeLimit: "soon" }, 'timeLimit is "soon"'],
    [{ expiration: -1 }, "expiration is -1"],
    [{ retryPolicy: { intervalMax: "long" } }, 'intervalMax is "long"'],
    [{ publishTimeout: Number.POSITIVE_INFINITY }, "publishTimeout is Infinity"],
  ])("are refused where a length of time is none: %o", (options, text) => {
    expect(() => messageOf(options)).toThrow(refused("CONFIG_DURATION", text));
  });

  it.each(["countdwn", "toString", "__proto__x"])("are refused where nobody knows them: %s", (name) => {
    expect(() => messageOf({ [name]: 1 })).toThrow(refused("CONFIG_UNKNOWN", name));
  });

  it("say how the arguments are written and compressed, a signature's too", () => {
    expect(messageOf({})).toMatchObject({ serializer: "json", compression: null });
    expect(messageOf({ serializer: "yaml", compression: "brotli" })).toMatchObject({ serializer: "yaml", compression: "brotli" });
    const signature = createSignature(sender, taskJson("t", [])).set({
      serializer: "msgpack",
      compression: "gzip",
    });
    expect(signature.toJSON()).toMatchObject({ options: { serializer: "msgpack", compression: "gzip" } });
    const optionsOf = (serializer: string) => readOptions({ ...signature.toJSON(), options: { serializer } } as unknown as SignatureJson);
    expect([optionsOf("msgpack").serializer, optionsOf("pickle").serializer]).toEqual(["msgpack", undefined]);
  });

  it("may be undefined, each of them", () => {
    const options = { countdown: undefined, eta: undefined, link: undefined, kwargs: undefined, abort: undefined };
    expect(messageOf(options)).toMatchObject({ etaAt: null, expiresAt: null, kwargs: {} });
  });

  it("are an object, behind a list of arguments and a name", () => {
    expect(() => createCall("t", [], null as never)).toThrow(refused("CONFIG_INVALID", "got null"));
    expect(() => createCall("t", "ab" as never, {})).toThrow(refused("CONFIG_INVALID", 'got "ab"'));
    expect(() => createCall("", [], {})).toThrow(refused("CONFIG_INVALID", "name"));
  });

  it("reach a signature that takes nothing from its parent, too", () => {
    const own = createSignature(sender, taskJson("t", [1], { a: 1 }, true)).set({ kwargs: { b: 2 } });
    expect(own.toJSON()).toMatchObject({ args: [1], kwargs: { a: 1, b: 2 }, immutable: true });
  });

  it("are checked in a signature as well, when they are set", () => {
    expect(() => signature.clone().set({ countdwn: 3 } as object)).toThrow(refused("CONFIG_UNKNOWN", '"countdown"'));
  });
});

describe("what a call says of its message", () => {
  it("is in the message", () => {
    const options = {
      ...{
        argsrepr: "(…)",
        kwargsrepr: "{…}",
        deliveryMode: 1,
        expiration: "90s",
        rootId: "r",
        parentId: "p",
        groupId: "g",
        groupIndex: 2,
      },
      stamps: { tenant: "a", runs: [1, 2] },
    };
    expect(messageOf(options)).toMatchObject({
      ...{
        argsRepr: "(…)",
        kwargsRepr: "{…}",
        deliveryMode: 1,
        expirationMs: 90_000,
        rootId: "r",
        parentId: "p",
        group: "g",
        groupIndex: 2,
      },
      stamps: { tenant: ["a"], runs: [1, 2] },
    });
    expect(messageOf({ stamps: {} })).toMatchObject({ argsRepr: null, deliveryMode: 2, expirationMs: null, stamps: null });
    for (const [deliveryMode, mode] of [
      ["transient", 1],
      ["persistent", 2],
      [2, 2],
    ])
      expect(messageOf({ deliveryMode }).deliveryMode).toBe(mode);
  });

  it("comes back out of a signature's dictionary, where it has Celery's names", () => {
    const options = { argsrepr: "(…)", deliveryMode: "transient", expiration: 90, stamps: { tenant: ["a"] } } as const;
    const json = signature
      .clone()
      .set({ ...options, retryPolicy: { maxRetries: 2, intervalStep: "500ms" }, rootId: "r" })
      .toJSON();
    expect(json["options"]).toEqual({
      ...{ argsrepr: "(…)", delivery_mode: "transient", expiration: 90, stamped_headers: ["tenant"], tenant: ["a"], root_id: "r" },
      retry_policy: { max_retries: 2, interval_step: 0.5 },
    });
    const read = readOptions(json as unknown as SignatureJson);
    expect(Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined))).toEqual(options);
  });
});

describe("the times of a call", () => {
  it("are counted from now on; a countdown wins over an eta, and none is no eta, as in Celery", () => {
    const eta = new Date(nowMs + 5_000);
    expect(messageOf({ countdown: "90s" }).etaAt).toBe(nowMs + 90_000);
    expect(messageOf({ eta }).etaAt).toBe(nowMs + 5_000);
    expect(messageOf({ eta, countdown: 1 }).etaAt).toBe(nowMs + 1_000);
    expect(messageOf({ eta, countdown: 0 }).etaAt).toBe(nowMs + 5_000);
    expect(messageOf({ countdown: 0 }).etaAt).toBeNull();
  });

  it("may be over: what is late runs at once, what expired is revoked by its worker", () => {
    expect(messageOf({ eta: new Date(0), expires: 0 })).toMatchObject({ etaAt: 0, expiresAt: nowMs });
    expect(messageOf({ expires: new Date(nowMs - 1) }).expiresAt).toBe(nowMs - 1);
  });
});
