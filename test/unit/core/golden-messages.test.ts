/** What we send is what Celery sends for the same call, and what Celery sends we read: held against captures of the real one. */
import { describe, expect, it } from "vitest";
import { toContent } from "../../../packages/core/src/brokers/amqp/message.ts";
import { decodeEnvelope, encodeEnvelope, wirePriority } from "../../../packages/core/src/brokers/redis/envelope-json.ts";
import { listOf, stepOf } from "../../../packages/core/src/brokers/redis/keys.ts";
import { compose } from "../../../packages/core/src/compose.ts";
import { decodeBody, emptyEmbed, encodeMessage } from "../../../packages/core/src/message.ts";
import { customHeaders, readTaskHeaders } from "../../../packages/core/src/task-headers.ts";
import { type AmqpMessage, golden, goldenCase, goldenNowMs, type RedisItem } from "../../support/golden.ts";
import { callOf, type GoldenCall, goldenCalls } from "../../support/golden-calls.ts";
import { routerOf } from "../../support/router.ts";

type Members = Record<string, unknown>;
type Priority = NonNullable<NonNullable<GoldenCall["options"]>["priority"]>;

const router = routerOf();

/** Our envelope and route for a call that has the captured message's id and reply queue. */
function ours(call: GoldenCall, id: string, replyTo: string) {
  const settings = { taskDefaultPriority: null, taskIgnoreResult: false, taskSerializer: "json" } as const;
  const context = { settings, router, origin: "gen1@host", replyTo, nowMs: goldenNowMs };
  const { message, route } = compose(context, callOf(call), undefined, id, call.parent ?? null);
  return { envelope: encodeMessage(message, goldenNowMs, 16_777_216), route };
}

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
    const { envelope, route } = ours(onRedis(call), String(theirs.headers["id"]), String(theirs.properties["reply_to"]));
    const item = JSON.parse(encodeEnvelope(envelope, route)) as typeof theirs;

    expect(Object.keys(item)).toEqual(Object.keys(theirs));
    expect([item["content-type"], item["content-encoding"]]).toEqual([theirs["content-type"], theirs["content-encoding"]]);
    expect(comparable(item.headers, call.differs)).toBe(comparable(theirs.headers, call.differs));
    expect(JSON.stringify({ ...item.properties, delivery_tag: 0 })).toBe(JSON.stringify({ ...theirs.properties, delivery_tag: 0 }));
    expect(item.properties["delivery_tag"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(parseBase64(item.body)).toEqual(parseBase64(theirs.body));
    expect(listOf(route.routingKey, stepOf(wirePriority(envelope.properties.priority)))).toBe(captured.key);
  });
});

describe("a message in msgpack", () => {
  it("is Celery's to the byte", () => {
    const captured = (goldenCase("messages-redis", "serializer_msgpack").messages as readonly [RedisItem])[0];
    const theirs = JSON.parse(captured.raw) as Members & { headers: Members; body: string };
    const call: GoldenCall = {
      task: "proj.echo",
      args: [1, "é", null, 1.5],
      kwargs: { b: Buffer.from([0, 255]) },
      options: { serializer: "msgpack" },
      // Python cuts bytes that a person cannot read.
      differs: ["kwargsrepr"],
    };
    const { envelope, route } = ours(call, String(theirs.headers["id"]), "reply");
    const item = JSON.parse(encodeEnvelope(envelope, route)) as typeof theirs;
    expect([item["content-type"], item["content-encoding"], item.body]).toEqual([
      theirs["content-type"],
      theirs["content-encoding"],
      theirs.body,
    ]);
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
    const { envelope, route } = ours(call, String(captured.headers["id"]), String(captured.properties["reply_to"]));
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
    compression_gzip: "MESSAGE_UNDECODABLE",
    compression_zlib: "MESSAGE_UNDECODABLE",
    compression_bzip2: "MESSAGE_UNDECODABLE",
    protocol1: "MESSAGE_UNDECODABLE",
    protocol1_full: "MESSAGE_UNDECODABLE",
    protocol1_chain: "MESSAGE_UNDECODABLE",
  };

  /** What was sent where JSON cannot say it. */
  const sent: Readonly<Record<string, readonly [args: readonly unknown[], kwargs: Members]>> = {
    serializer_msgpack: [[1, "é", null, 1.5], { b: Buffer.from([0, 255]) }],
    serializer_yaml: [[1, "é", null], { d: new Date("2030-01-02") }],
    json_floats: [[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e100, 1e-7, 10, 2n ** 63n, -(2n ** 70n), 0.1], {}],
  };

  function read({ raw }: RedisItem) {
    const { envelope } = decodeEnvelope(raw);
    const headers = readTaskHeaders(envelope);
    const { contentType } = envelope.properties;
    return { envelope, headers, body: decodeBody({ body: envelope.body, contentType }, { accept: ["json", "msgpack", "yaml"] }) };
  }

  it.each(items.filter(({ title }) => !(title in refused)))("reads $title", ({ title, item }) => {
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
