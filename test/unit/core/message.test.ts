import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ContentRules } from "../../../packages/core/src/content.ts";
import { decodeBody, type Embed, emptyEmbed, encodeMessage, type Message } from "../../../packages/core/src/message.ts";
import type { SignatureJson } from "../../../packages/core/src/step.ts";
import { readTaskHeaders } from "../../../packages/core/src/task-headers.ts";
import { anySign } from "../../support/any-sign.ts";
import { goldenCase, type RedisItem } from "../../support/golden.ts";

const nowMs = Date.parse("2026-01-02T03:04:05.678Z");
const json = "application/json";
const rules: ContentRules = { accept: ["json"], maxBytes: 1_000_000 };

function message(changes: Partial<Message> = {}): Message {
  return {
    task: "proj.add",
    id: "id-1",
    args: [2, 3],
    kwargs: {},
    embed: emptyEmbed,
    shadow: null,
    etaAt: null,
    expiresAt: null,
    group: null,
    groupIndex: null,
    retries: 0,
    nesting: 0,
    timeLimit: null,
    softTimeLimit: null,
    rootId: "id-1",
    parentId: null,
    origin: "gen1@host",
    ignoreResult: false,
    replyTo: "reply-1",
    priority: null,
    serializer: "json",
    compression: null,
    argsRepr: null,
    kwargsRepr: null,
    deliveryMode: 2,
    expirationMs: null,
    stamps: null,
    headers: {},
    ...changes,
  };
}

const encode = (changes: Partial<Message> = {}, maxBytes = 1_000_000) => encodeMessage(message(changes), nowMs, maxBytes);
const bodyText = (changes: Partial<Message>) => Buffer.from(encode(changes).body).toString();

const signature: SignatureJson = { task: "proj.mul", args: [10], kwargs: {}, options: {}, subtask_type: null, immutable: false };

describe("a message's headers", () => {
  it("come in Celery's order, custom ones behind them", () => {
    const [captured] = goldenCase("messages-redis", "plain_delay").messages as readonly [RedisItem];
    const theirs = Object.keys((JSON.parse(captured.raw) as { headers: object }).headers);
    expect(Object.keys(encode({ headers: { "x-tenant": "acme" } }).headers)).toEqual([...theirs, "x-tenant"]);
  });

  it("say of the arguments what the caller would have shown, and hold its stamps as Celery 5.3 does", () => {
    const { headers } = encode({ argsRepr: "(...)", kwargsRepr: "{...}", stamps: { tenant: ["a"], run: [1, 2] }, headers: { x: 1 } });
    expect(headers).toMatchObject({ argsrepr: "(...)", kwargsrepr: "{...}" });
    expect(Object.entries(headers).slice(-3)).toEqual([
      ["stamped_headers", ["tenant", "run"]],
      ["stamps", { tenant: ["a"], run: [1, 2] }],
      ["x", 1],
    ]);
    expect(readTaskHeaders({ headers }).stamps).toEqual({ tenant: ["a"], run: [1, 2] });
    expect(() => encode({ stamps: { tenant: [() => 1] } })).toThrow(expect.objectContaining({ code: "PUBLISH_ENCODE" }));
  });

  it("may hold stamps in any form that Python gives them", () => {
    const stampsOf = (stamped_headers: unknown, stamps: unknown) =>
      readTaskHeaders({ headers: { task: "t", id: "i", stamped_headers, stamps } }).stamps;
    expect(stampsOf(["a", "b", "gone", 3], { a: 1, b: [2, 3], c: 4 })).toEqual({ a: [1], b: [2, 3] });
    for (const [names, values] of [
      [null, {}],
      [[], {}],
      ["a", { a: 1 }],
      [["a"], null],
    ] as const)
      expect(stampsOf(names, values)).toBeNull();
  });

  it("say everything about the call", () => {
    expect(
      encode({
        args: [1, "a"],
        kwargs: { k: null },
        shadow: "alias",
        etaAt: nowMs + 10_000,
        expiresAt: nowMs + 20_000,
        group: "g",
        groupIndex: 2,
        retries: 3,
        timeLimit: 60,
        softTimeLimit: 50.5,
        rootId: "root",
        parentId: "parent",
        ignoreResult: true,
      }).headers,
    ).toEqual({
      lang: "js",
      task: "proj.add",
      id: "id-1",
      shadow: "alias",
      eta: "2026-01-02T03:04:15.678000+00:00",
      expires: "2026-01-02T03:04:25.678000+00:00",
      group: "g",
      group_index: 2,
      retries: 3,
      timelimit: [60, 50.5],
      root_id: "root",
      parent_id: "parent",
      argsrepr: "(1, 'a')",
      kwargsrepr: "{'k': None}",
      origin: "gen1@host",
      ignore_result: true,
    });
  });

  it("let custom ones win, as Celery does", () => {
    expect(encode({ headers: { origin: "mine" } }).headers["origin"]).toBe("mine");
  });
});

describe("a message's properties", () => {
  it("are those of a persistent JSON message with the task's id", () => {
    expect(encode({ priority: 7 }).properties).toEqual({
      contentType: json,
      contentEncoding: "utf-8",
      correlationId: "id-1",
      replyTo: "reply-1",
      deliveryMode: 2,
      priority: 7,
      expiration: null,
      deliveryTag: "id-1",
    });
  });

  it("tell one attempt from the next by the delivery tag", () => {
    const tags = [0, 1, 2].map((retries) => encode({ retries }).properties.deliveryTag);
    expect(new Set(tags).size).toBe(3);
    expect(encode({ retries: 1 }).properties.deliveryTag).toBe(tags[1]);
  });

  it("give the expiration in whole milliseconds from now on, 0 when it is over", () => {
    const expiration = (expiresAt: number) => encode({ expiresAt }).properties.expiration;
    expect([expiration(nowMs + 1_500.4), expiration(nowMs), expiration(nowMs - 5_000)]).toEqual(["1500", "0", "0"]);
  });
});

describe("a message's body", () => {
  it("is a list of arguments, keyword arguments, and four members that say what follows", () => {
    expect(bodyText({})).toBe('[[2,3], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]');
    const embed: Embed = { callbacks: [signature], errbacks: null, chain: [signature, signature], chord: null };
    expect(JSON.parse(bodyText({ args: [], kwargs: { a: 1 }, embed }))).toEqual([[], { a: 1 }, embed]);
  });

  it("is refused when it is larger than it may be, by its bytes", () => {
    const size = encode({ args: ["é".repeat(1_000)] }).body.byteLength;
    expect(encode({ args: ["é".repeat(1_000)] }, size).body.byteLength).toBe(size);
    expect(() => encode({ args: ["é".repeat(1_000)] }, size - 1)).toThrow(
      expect.objectContaining({
        code: "PUBLISH_ENCODE",
        retryable: false,
        message: `Message of task proj.add is ${size} bytes, more than maxMessageBytes (${size - 1}): send a reference to large data`,
      }),
    );
  });

  it.each<[Partial<Message>, string]>([
    [{ args: [1, { f: () => {} }] }, "args[1].f is a function"],
    [{ kwargs: { when: { at: new Map() } } }, "kwargs.when.at is a Map"],
    [{ embed: { ...emptyEmbed, callbacks: [{ ...signature, args: [new Map()] }] } }, "embed.callbacks[0].args[0] is a Map"],
  ])("is refused for what cannot travel, by its path", (changes, path) => {
    expect(() => encode(changes)).toThrow(expect.objectContaining({ code: "PUBLISH_ENCODE", message: expect.stringContaining(path) }));
  });

  it("is read back as it was written", () => {
    const value = fc.jsonValue({ stringUnit: anySign, maxDepth: 1 });
    const kwargs = fc.dictionary(fc.string({ unit: anySign }), value, { noNullPrototype: true, maxKeys: 3 });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), kwargs, fc.boolean(), (args, named, isFollowed) => {
        const embed: Embed = isFollowed ? { ...emptyEmbed, chain: [{ ...signature, args }] } : emptyEmbed;
        const wire = JSON.parse(JSON.stringify({ args, kwargs: named, embed }));
        expect(decodeBody({ body: encode({ args, kwargs: named, embed }).body, contentType: json, headers: {} }, rules)).toEqual(wire);
      }),
    );
  });
});

describe("a body that others wrote", () => {
  const decode = (text: string) => decodeBody({ body: new TextEncoder().encode(text), contentType: json, headers: {} }, rules);

  it.each(["null", "{}", "5", '{"callbacks": null}'])("may say %s of what follows: nothing does", (embed) => {
    expect(decode(`[[1], {"k": 2}, ${embed}]`)).toEqual({ args: [1], kwargs: { k: 2 }, embed: emptyEmbed });
  });

  it("has typed values for the task, and hands those of what follows on as they came", () => {
    const typed = '{"__type__": "decimal", "__value__": "1.50"}';
    const step = `{"task": "a.b", "args": [${typed}]}`;
    expect(decode(`[[[${typed}]], {"k": ${typed}}, {"chain": [${step}]}]`)).toEqual({
      args: [["1.50"]],
      kwargs: { k: "1.50" },
      embed: { ...emptyEmbed, chain: [JSON.parse(step)] },
    });
    expect(() => decode('[[], {"k": {"__type__": "?", "__value__": 1}}, {}]')).toThrow(
      expect.objectContaining({ code: "MESSAGE_UNDECODABLE", message: 'Body is not JSON: Unknown __type__ "?"' }),
    );
  });

  it("may have signatures with nothing but a task", () => {
    const { embed } = decode(
      '[[], {}, {"callbacks": [{"task": "a.b"}], "errbacks": [{"task": "a.c", "args": null, "kwargs": null, "options": null}]}]',
    );
    expect(embed).toEqual({
      ...emptyEmbed,
      callbacks: [{ task: "a.b" }],
      errbacks: [{ task: "a.c", args: null, kwargs: null, options: null }],
    });
  });

  it.each([
    ["[[], {}]", "Body must be [args, kwargs, embed], got 2 elements"],
    ["[[], {}, {}, {}]", "Body must be [args, kwargs, embed], got 4 elements"],
    ['{"kwargs": {}}', "Body must be [args, kwargs, embed], got object"],
    ["null", "Body must be [args, kwargs, embed], got object"],
    ['"x"', "Body must be [args, kwargs, embed], got string"],
    ["[{}, {}, {}]", "args must be a list"],
    ["[null, {}, {}]", "args must be a list"],
    ["[[], [], {}]", "kwargs must be an object"],
    ["[[], null, {}]", "kwargs must be an object"],
    ['[[], {}, {"callbacks": {"task": "a"}}]', "embed.callbacks must be a list of signatures"],
    ['[[], {}, {"errbacks": [null]}]', "embed.errbacks[0] must be a signature"],
    ['[[], {}, {"chain": ["a.b"]}]', "embed.chain[0] must be a signature"],
    ['[[], {}, {"callbacks": [{"task": "a"}, {"args": []}]}]', "embed.callbacks[1] must be a signature"],
    ['[[], {}, {"callbacks": [{"task": "a", "args": {}}]}]', "embed.callbacks[0] must be a signature"],
    ['[[], {}, {"callbacks": [{"task": "a", "kwargs": []}]}]', "embed.callbacks[0] must be a signature"],
    ['[[], {}, {"callbacks": [{"task": "a", "options": "x"}]}]', "embed.callbacks[0] must be a signature"],
    ['[[], {}, {"chord": []}]', "embed.chord must be a signature"],
    ["[[], {}, ", "Body is not JSON"],
  ])("is undecodable: %s", (text, reason) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: "MESSAGE_UNDECODABLE", message: expect.stringContaining(reason) }));
  });

  it("is read, or refused by one of two codes, whatever its bytes", () => {
    const type = fc.constantFrom(json, "application/x-msgpack", "application/x-yaml", "application/x-python-serialize", "text/plain");
    const content = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new TextEncoder().encode(`[[], {}, ${text}]`)),
    );
    fc.assert(
      fc.property(content, type, (bytes, contentType) => {
        try {
          expect(
            Object.keys(
              decodeBody({ body: bytes, contentType, headers: {} }, { accept: ["json", "msgpack", "yaml"], maxBytes: 1_000_000 }),
            ),
          ).toEqual(["args", "kwargs", "embed"]);
        } catch (error) {
          expect(["MESSAGE_UNDECODABLE", "CONTENT_REFUSED"]).toContain((error as { code?: string }).code);
        }
      }),
    );
  });
});
