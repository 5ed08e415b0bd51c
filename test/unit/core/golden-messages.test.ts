/** What we send is what Celery sends for the same call, and what Celery sends we read: held against captures of the real one. */
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { toContent } from "../../../packages/core/src/brokers/amqp/message.ts";
import { decodeEnvelope, encodeEnvelope, wirePriority } from "../../../packages/core/src/brokers/redis/envelope-json.ts";
import { listOf, stepOf } from "../../../packages/core/src/brokers/redis/keys.ts";
import type { ContentRules } from "../../../packages/core/src/content.ts";
import { decodeBody, emptyEmbed } from "../../../packages/core/src/message.ts";
import { inProtocol2 } from "../../../packages/core/src/protocol1.ts";
import { reprArgs } from "../../../packages/core/src/repr.ts";
import { customHeaders, readTaskHeaders } from "../../../packages/core/src/task-headers.ts";
import { type AmqpMessage, golden, goldenCase, type RedisItem } from "../../support/golden.ts";
import { type GoldenCall, goldenCalls } from "../../support/golden-calls.ts";
import { ourMessage } from "../../support/golden-ours.ts";

type Members = Record<string, unknown>;
type Priority = NonNullable<NonNullable<GoldenCall["options"]>["priority"]>;

const rules: ContentRules = { accept: ["json", "msgpack", "yaml"], maxBytes: 1_000_000 };

/** Headers with what must differ between two programs blanked out and dates as instants; order and everything else stay. */
function comparable(headers: Readonly<Members>, differs: readonly string[] = []): string {
  const blanked = new Set(["lang", "origin", ...differs]);
  return JSON.stringify(headers, (name, value) => {
    if (blanked.has(name)) return typeof value;
    return (name === "eta" || name === "expires") && typeof value === "string" ? instant(value) : value;
  });
}

function instant(text: string): number {
  expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?([+-]\d\d:\d\d)?$/);
  return Date.parse(/[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
}

function parseBase64(body: string): unknown {
  return JSON.parse(Buffer.from(body, "base64").toString());
}

/** Our priorities run the other way than kombu's on Redis: what we call 9 is served like its 0. */
function onRedis(call: GoldenCall): GoldenCall {
  const { priority, ...options } = call.options ?? {};
  return priority === undefined ? call : { ...call, options: { ...options, priority: (9 - priority) as Priority } };
}

describe("a message on Redis", () => {
  it.each(Object.entries(goldenCalls))("is Celery's: %s", (name, call) => {
    const captured = (goldenCase("messages-redis", name).messages as readonly [RedisItem])[0];
    const theirs = JSON.parse(captured.raw) as Members & { headers: Members; properties: Members; body: string };
    const { envelope, route } = ourMessage(onRedis(call), String(theirs.headers["id"]), String(theirs.properties["reply_to"]));
    const item = JSON.parse(encodeEnvelope(envelope, route)) as typeof theirs;

    expect(Object.keys(item)).toEqual(Object.keys(theirs));
    expect([item["content-type"], item["content-encoding"]]).toEqual([theirs["content-type"], theirs["content-encoding"]]);
    expect(comparable(item.headers, call.differs)).toBe(comparable(theirs.headers, call.differs));
    for (const name of call.omits ?? []) delete theirs.properties[name];
    expect(JSON.stringify({ ...item.properties, delivery_tag: 0 })).toBe(JSON.stringify({ ...theirs.properties, delivery_tag: 0 }));
    expect(item.properties["delivery_tag"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(parseBase64(item.body)).toEqual(parseBase64(theirs.body));
    expect(listOf(route.routingKey, stepOf(wirePriority(envelope.properties.priority)))).toBe(captured.key);
  });
});

describe("a message that is no plain JSON", () => {
  const calls: Readonly<Record<string, GoldenCall>> = {
    serializer_msgpack: {
      task: "proj.echo",
      args: [1, "é", null, 1.5],
      kwargs: { b: Buffer.from([0, 255]) },
      options: { serializer: "msgpack" },
      // Python cuts bytes that a person cannot read.
      differs: ["kwargsrepr"],
    },
    compression_gzip: { task: "proj.echo", args: ["a".repeat(200)], options: { compression: "gzip" } },
    compression_zlib: { task: "proj.echo", args: ["a".repeat(200)], options: { compression: "zlib" } },
  };

  it.each(Object.entries(calls))("is Celery's: %s", (name, call) => {
    const captured = (goldenCase("messages-redis", name).messages as readonly [RedisItem])[0];
    const theirs = JSON.parse(captured.raw) as Members & { headers: Members; body: string };
    const { envelope, route } = ourMessage(call, String(theirs.headers["id"]), "reply");
    const item = JSON.parse(encodeEnvelope(envelope, route)) as typeof theirs;
    expect([item["content-type"], item["content-encoding"]]).toEqual([theirs["content-type"], theirs["content-encoding"]]);
    const bytesOf = (body: string) => {
      const bytes = Buffer.from(body, "base64");
      return item.headers["compression"] === undefined ? bytes : JSON.parse(inflateSync(bytes).toString());
    };
    expect(bytesOf(item.body)).toEqual(bytesOf(theirs.body));
    expect(comparable(item.headers, call.differs)).toBe(comparable(theirs.headers, call.differs));
  });
});

describe("a message on RabbitMQ", () => {
  const names: Readonly<Record<string, string>> = {
    content_type: "contentType",
    content_encoding: "contentEncoding",
    delivery_mode: "deliveryMode",
    priority: "priority",
    correlation_id: "correlationId",
    reply_to: "replyTo",
    expiration: "expiration",
  };
  // Celery lets the broker drop what expired before it was sent, so there was nothing to capture.
  const calls = Object.entries(goldenCalls).filter(([name]) => name !== "expires_past");

  it.each(calls)("is Celery's: %s", (name, call) => {
    const captured = (goldenCase("messages-amqp", name).messages as readonly [AmqpMessage])[0];
    const { envelope, route } = ourMessage(call, String(captured.headers["id"]), String(captured.properties["reply_to"]));
    const { content, options } = toContent(envelope);
    const { headers, messageId, ...properties } = options;

    expect(route).toEqual({ exchange: captured.exchange, routingKey: captured.routingKey });
    expect(comparable(plain(headers) as Members, call.differs)).toBe(comparable(captured.headers, call.differs));
    // Without a priority Celery sends 0 to a queue it knows and none to one it made up, which the broker takes for 0.
    const theirs = { priority: 0, ...captured.properties };
    expect(properties).toEqual(Object.fromEntries(Object.entries(theirs).map(([key, value]) => [names[key], value])));
    expect(messageId).toBe(captured.headers["id"]);
    expect(JSON.parse(content.toString())).toEqual(parseBase64(captured.body));
  });

  /** Headers without the marks of their wire types. */
  function plain(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    if ("!" in value) return (value as unknown as { value: unknown }).value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  }
});

describe("reading what Celery wrote", () => {
  const items = [...golden("messages-redis"), ...golden("worker-publishes-redis")].flatMap(({ name, messages }) =>
    messages.map((item, index) => ({ title: messages.length === 1 ? name : `${name} ${index}`, item })),
  );
  /** What we do not read, and why we refuse it: never by guessing. */
  const refused: Readonly<Record<string, string>> = {
    serializer_pickle: "CONTENT_REFUSED",
    compression_pickle_gzip: "CONTENT_REFUSED",
  };

  /** What was sent where JSON cannot say it. */
  const sent: Readonly<Record<string, readonly [args: readonly unknown[], kwargs: Members]>> = {
    serializer_msgpack: [[1, "é", null, 1.5], { b: Buffer.from([0, 255]) }],
    serializer_yaml: [[1, "é", null], { d: new Date("2030-01-02") }],
    json_floats: [[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e100, 1e-7, 10, 2n ** 63n, -(2n ** 70n), 0.1], {}],
  };

  function read({ raw }: RedisItem) {
    const envelope = inProtocol2(decodeEnvelope(raw).envelope, rules);
    const { contentType } = envelope.properties;
    return { envelope, headers: readTaskHeaders(envelope), body: decodeBody({ ...envelope, contentType }, rules) };
  }

  const isOld = (title: string) => title.startsWith("protocol1");

  it.each(items.filter(({ title }) => isOld(title)))("reads $title", ({ item }) => {
    const theirs = JSON.parse(item.raw) as { headers: Members; body: string };
    const old = parseBase64(theirs.body) as Readonly<Record<string, never>>;
    const { headers, body, envelope } = read(item);
    const { args, kwargs, callbacks, errbacks, chord } = old;
    expect(body).toEqual({ args, kwargs, embed: { callbacks, errbacks, chain: null, chord } });
    expect(headers).toMatchObject({ id: old["id"], task: old["task"], rootId: old["id"], parentId: null, retries: 0, group: null });
    expect([headers.timeLimit, headers.softTimeLimit]).toEqual(old["timelimit"]);
    const dates = [old["eta"], old["expires"]].map((date) => (date === null ? null : instant(String(date))));
    expect([headers.etaAt, headers.expiresAt]).toEqual(dates);
    expect([headers.argsRepr, headers.kwargsRepr]).toEqual([reprArgs(args ?? []), "{}"]);
    expect(customHeaders(envelope.headers)).toEqual(theirs.headers);
  });

  it.each(items.filter(({ title }) => !(title in refused || isOld(title))))("reads $title", ({ title, item }) => {
    const theirs = JSON.parse(item.raw) as { headers: Members; properties: Members; body: string };
    const { envelope, headers, body } = read(item);
    const [args, kwargs, embed] = bodyOf(title, item, theirs.body);

    expect([body.args, body.kwargs, body.embed]).toEqual([args, kwargs, embed]);
    expect(envelope.headers).toEqual(theirs.headers);
    expect(envelope.properties.correlationId).toBe(theirs.headers["id"]);
    expect(envelope.properties.deliveryTag).toBe(theirs.properties["delivery_tag"]);
    expect({ id: headers.id, task: headers.task, retries: headers.retries, rootId: headers.rootId, parentId: headers.parentId }).toEqual({
      id: theirs.headers["id"],
      task: theirs.headers["task"],
      retries: theirs.headers["retries"],
      rootId: theirs.headers["root_id"],
      parentId: theirs.headers["parent_id"],
    });
    expect([headers.timeLimit, headers.softTimeLimit]).toEqual(theirs.headers["timelimit"]);
    expect([headers.group, headers.groupIndex]).toEqual([theirs.headers["group"], theirs.headers["group_index"]]);
    const dates = ["eta", "expires"].map((name) => (typeof theirs.headers[name] === "string" ? instant(theirs.headers[name]) : null));
    expect([headers.etaAt, headers.expiresAt]).toEqual(dates);
  });

  function bodyOf(title: string, { decoded }: RedisItem, body: string): readonly unknown[] {
    const odd = sent[title];
    return odd === undefined ? (decoded ?? (parseBase64(body) as unknown[])) : [...odd, emptyEmbed];
  }

  it.each(Object.entries(refused))("refuses %s", (name, code) => {
    const [item] = goldenCase("messages-redis", name).messages as readonly [RedisItem];
    expect(() => read(item)).toThrow(expect.objectContaining({ code }));
  });

  it("takes no header for the prototype of the others", () => {
    const headers = customHeaders(JSON.parse('{"task": "t", "__proto__": {"tenant": "b"}, "x": 1}') as Members);
    expect([headers, Object.getPrototypeOf(headers), headers["tenant"]]).toEqual([{ x: 1 }, Object.prototype, undefined]);
  });

  it("tells custom headers from Celery's own", () => {
    const [item] = goldenCase("messages-redis", "custom_headers").messages as readonly [RedisItem];
    expect(customHeaders(read(item).envelope.headers)).toEqual({ "x-tenant": "acme", "x-num": 7, nested: { a: [1, 2] } });
    const plain = items.filter(({ item }) => item.raw.includes('"origin": ') && !item.raw.includes('"x-'));
    expect(plain.length).toBeGreaterThan(100);
    for (const { item } of plain) expect(customHeaders(decodeEnvelope(item.raw).envelope.headers)).toEqual({});
  });
});
