/** What we send for a canvas is what Celery sends for it: held against captures of the real one. */
import { describe, expect, it } from "vitest";
import { type AmqpMessage, goldenCase, type RedisItem } from "../../support/golden.ts";
import { type CanvasMessage, goldenCanvases, ourMessages } from "../../support/golden-canvas.ts";

type Members = Readonly<Record<string, unknown>>;
interface Told {
  readonly queue: string;
  readonly headers: Members;
  readonly replyTo: unknown;
  readonly body: unknown;
}

/**
 * What Celery writes and nobody reads: nulls, where a signature was added to no parent; and the body, once more for each member of a chord that a later
 * step begins, where it stands in the chord and is given to the members when it begins. Copied like that it grows with every chord in a chain.
 */
function lean(value: unknown, inChord = false): unknown {
  if (Array.isArray(value)) return value.map((each) => lean(each, inChord));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name]) => name !== "add_to_parent" && !(inChord && name === "chord"));
  const begins = "header" in value;
  return Object.fromEntries(
    members.map(([name, member]) => [
      name,
      name === "options" ? withoutNulls(lean(member, inChord)) : lean(member, inChord || (begins && name === "header")),
    ]),
  );
}

/** A group's members have their index from 5.3.4 on, where these captures are older; a chord's always had it. */
function withoutNulls(options: unknown): unknown {
  const { group_index, ...others } = options as Members;
  const isOfGroup = "group_id" in others && !("chord" in others);
  const told = isOfGroup ? others : (options as Members);
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null));
}

/** With ids as they come: the first is 1, wherever it is. */
function withPlainIds(told: readonly Told[]): unknown {
  const ids = new Map<unknown, number>();
  const plain = (id: unknown) => ids.get(id) ?? ids.set(id, ids.size + 1).get(id);
  const isId = new Set(["id", "root_id", "parent_id", "group", "task_id", "group_id", "reply_to", "replyTo"]);
  const walk = (value: unknown, name: string): unknown => {
    if (isId.has(name) && value !== null) return plain(value);
    if (Array.isArray(value)) return value.map((each) => walk(each, ""));
    if (typeof value !== "object" || value === null) return value;
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([key, member]) => [key, walk(member, key)]));
  };
  return told.map((each) => walk(each, ""));
}

const differs = new Set(["lang", "origin", "group_index"]);

function headersOf({ eta, ...headers }: Members): Members {
  const told = Object.fromEntries(Object.entries(headers).filter(([name]) => !differs.has(name)));
  // Python tells tuples from lists, where it is called.
  const kwargsrepr = String(told["kwargsrepr"]).replaceAll("(", "[").replaceAll(")", "]");
  return { ...told, kwargsrepr, eta: typeof eta === "string" ? Date.parse(eta) : eta };
}

const ours = ({ envelope, route, body }: CanvasMessage): Told => ({
  queue: route.routingKey,
  headers: headersOf(envelope.headers),
  replyTo: envelope.properties.replyTo,
  body: lean(body),
});

function onRedis({ key, raw, decoded }: RedisItem): Told {
  const { headers, properties } = JSON.parse(raw) as { headers: Members; properties: Members };
  return { queue: key, headers: headersOf(headers), replyTo: properties["reply_to"], body: lean(decoded) };
}

function onRabbitmq({ queue, headers, properties, body }: AmqpMessage): Told {
  const decoded = JSON.parse(Buffer.from(body, "base64").toString());
  return { queue, headers: headersOf(headers), replyTo: properties["reply_to"], body: lean(decoded) };
}

describe.each(Object.entries(goldenCanvases))("the canvas %s", (name, canvas) => {
  const sent = () => withPlainIds(ourMessages(canvas).map(ours));

  it("is Celery's on Redis", () => {
    // A list is read from its other end.
    const theirs = (goldenCase("messages-redis", name).messages as readonly RedisItem[]).map(onRedis).reverse();
    expect(sent()).toEqual(withPlainIds(theirs));
  });

  it("is Celery's on RabbitMQ", () => {
    expect(sent()).toEqual(withPlainIds((goldenCase("messages-amqp", name).messages as readonly AmqpMessage[]).map(onRabbitmq)));
  });
});

it("a chord's members have their index, where Celery writes it", () => {
  for (const name of ["chord", "chord_nested", "chord_body_chain", "chain_starts_with_group"]) {
    const theirs = (goldenCase("messages-redis", name).messages as readonly RedisItem[]).map(
      ({ raw }) => JSON.parse(raw).headers.group_index,
    );
    expect(ourMessages(goldenCanvases[name]!).map(({ envelope }) => envelope.headers["group_index"])).toEqual(theirs.reverse());
  }
});
