/** Every capture of Celery there is: whether we read it, and whether Python reads what we send for the same call; in a table, test/golden/table.md. */
import { createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import type { Envelope } from "../../packages/core/src/envelope.ts";
import { golden, goldenNames } from "../support/golden.ts";
import { type GoldenCall, goldenCalls } from "../support/golden-calls.ts";
import { goldenCanvases, ourMessages } from "../support/golden-canvas.ts";
import { ourMessage, ourResult } from "../support/golden-ours.ts";
import { readAll } from "../support/golden-reading.ts";
import { callPython, type PythonPlace } from "../support/python-celery.ts";
import { amqpUrl, redisUrl } from "../support/servers.ts";

type Members = Readonly<Record<string, unknown>>;

/** In other words than plain JSON; msgpack is missing, since Debian's Celery comes without it. */
const otherCalls: Readonly<Record<string, GoldenCall>> = {
  serializer_yaml: { task: "proj.echo", args: [1, "é", null], kwargs: { d: "2030-01-02" }, options: { serializer: "yaml" } },
  compression_gzip: { task: "proj.echo", args: ["a".repeat(200)], options: { compression: "gzip" } },
  compression_zlib: { task: "proj.echo", args: ["a".repeat(200)], options: { compression: "zlib" } },
};

interface Sent {
  readonly name: string;
  readonly envelope: Envelope;
  /** as Python is to read it, from its start */
  readonly body: readonly unknown[];
}

/** What we send for every call and every canvas there is. */
function allOfOurs(): readonly Sent[] {
  const calls = Object.entries({ ...goldenCalls, ...otherCalls }).map(([name, call], index) => {
    const { args = [2, 3], kwargs = {} } = call;
    return { name, envelope: ourMessage(call, `id-${index}`, "reply").envelope, body: [args, kwargs] };
  });
  const canvases = Object.entries(goldenCanvases).flatMap(([name, canvas]) => ourMessages(canvas).map((sent) => ({ name, ...sent })));
  return [...calls, ...canvases];
}

/** Names of the calls whose messages, as we send them, kombu takes from the queue with the headers and the body that they were given. */
async function readByPython(place: PythonPlace): Promise<ReadonlySet<string>> {
  const app = createApp("golden", { broker: place.broker, backend: "disabled" });
  try {
    await app.connect();
    const { broker } = (await runtimeOf(app)?.links())!;
    const sent = allOfOurs();
    for (const { envelope } of sent) {
      // In one order, and until they are taken.
      const properties = { ...envelope.properties, priority: null, expiration: null };
      await broker.publish({ envelope: { ...envelope, properties }, route: { exchange: "", routingKey: "golden" } });
    }
    const taken = (await callPython(
      place,
      sent.map(() => ({ do: "take", queue: "golden" })),
    )) as { headers: Members; body: unknown[] }[];
    for (const [index, { name, envelope, body }] of sent.entries()) {
      expect(taken[index]?.headers, name).toMatchObject(envelope.headers);
      expect(taken[index]!.body.slice(0, body.length), name).toEqual(body);
    }
    return new Set(sent.map(({ name }) => name));
  } finally {
    await app.close();
  }
}

/** Names of the captures whose final state, as we write it, Python's AsyncResult gives as it gives Celery's own. */
async function resultsReadByPython(place: PythonPlace & { readonly backend: string }): Promise<ReadonlySet<string>> {
  const client = new Redis(place.backend, { protocol: 2 });
  const ends = golden("results-redis").flatMap(({ name, stored }) => {
    const text = stored.findLast(({ key }) => key.startsWith("celery-task-meta-"))?.text;
    const theirs = text === undefined ? null : (JSON.parse(text) as Members);
    return theirs !== null && ["SUCCESS", "FAILURE", "REVOKED"].includes(String(theirs["status"])) ? [{ name, theirs, text: text! }] : [];
  });
  const asked = async (texts: readonly string[]) => {
    for (const [index, text] of texts.entries())
      await client.set(
        `celery-task-meta-${index}`,
        JSON.stringify({ ...(JSON.parse(text) as Members), task_id: String(index), children: [] }),
      );
    return await callPython(
      place,
      texts.map((_, index) => ({ do: "get", id: String(index) })),
    );
  };
  try {
    expect(await asked(ends.map(({ theirs }) => ourResult(theirs)))).toEqual(await asked(ends.map(({ text }) => text)));
    return new Set(ends.map(({ name }) => name));
  } finally {
    client.disconnect();
  }
}

/** Why there is nothing to read under a name. */
const unread: readonly (readonly [RegExp, string])[] = [
  [/^messages-\w+ broadcast_/, "Celery sends nothing that lies in a queue"],
  [/^messages-\w+ json_(bytes|set)_error/, "Celery refuses the call"],
  [/^messages-amqp expires_past/, "RabbitMQ drops it"],
  [/^messages-amqp custom_headers_types/, "header types of AMQP: field-table.test.ts"],
  [/^results-redis pickle/, "pickle is never read"],
  [/^results-rpc rpc_queue_declaration/, "a queue, no result"],
  [/^probes-redis hello_/, "remote control: not in this version"],
  [/^probes-redis iso8601_parse/, "how Python reads dates: clock.test.ts"],
  [/^redis-flow/, "a conversation of Celery's processes, its messages are above"],
  [/^redis-restore/, "how kombu restores messages; here claims are recovered"],
  [/^amqp-methods/, "a conversation with RabbitMQ, its messages are above"],
  [/^events/, "events: not in this version"],
  [/^control/, "remote control: not in this version"],
];
/** Why no message of ours is held against it. */
const unsent: readonly (readonly [RegExp, string])[] = [
  [/ protocol1/, "protocol 2 is sent"],
  [/pickle/, "pickle is never sent"],
  [/bzip2/, "bzip2 is read only"],
  [/serializer_msgpack/, "to the byte what Celery sends"],
  [/ json_/, "values of Python"],
  [/^messages/, "not an option of a call here"],
  [/^results-redis/, "no final state"],
  [/^results-rpc/, "the same text as on Redis"],
  [/^worker-publishes/, "follow-ups: celery.test.ts"],
  [/^probes/, "written by hand"],
  [/./, ""],
];

function reason(reasons: typeof unread, title: string): string {
  return reasons.find(([pattern]) => pattern.test(title))?.[1] ?? expect.unreachable(`no reason for ${title}`);
}

describe("every capture of Celery", () => {
  it("is in the table: what we read of it, and what Python reads of ours", async () => {
    const redis = { broker: await redisUrl(), backend: await redisUrl() };
    const rabbitmq = { broker: await amqpUrl() };
    const byPython = new Map([
      ["messages-redis", await readByPython(redis)],
      ["messages-amqp", await readByPython(rabbitmq)],
      ["results-redis", await resultsReadByPython(redis)],
    ]);
    const here = readAll();
    const names = Object.entries(goldenNames()).flatMap(([file, all]) => all.map((name) => [file, name] as const));
    expect(names).toHaveLength(528);
    const rows = names.map(([file, name]) => {
      const title = `${file} ${name}`;
      const ours = here.get(file)?.get(name) ?? reason(unread, title);
      const theirs = byPython.get(file)?.has(name) === true ? "yes" : reason(unsent, title);
      return `| ${file} | ${name} | ${ours} | ${theirs} |`;
    });
    const head = ["| file | capture | read here | Python reads ours |", "| --- | --- | --- | --- |"];
    await expect(`${[...head, ...rows].join("\n")}\n`).toMatchFileSnapshot("../golden/table.md");
  });
});
