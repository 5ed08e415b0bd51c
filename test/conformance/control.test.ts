/** Remote control of our workers on every broker, with the rights of docs/security.md where the broker knows rights. */
import { randomUUID } from "node:crypto";
import { type App, createApp } from "@celeriac/core";
import { createWorker, type Worker } from "@celeriac/worker";
import { afterAll, beforeAll, expect } from "vitest";
import { beside, inTurn as it } from "../support/beside.ts";
import { eventually } from "../support/eventually.ts";
import { rabbitmqPermissions, redisUserUrl } from "../support/roles.ts";
import { amqpUrl, amqpUserUrl, redisUrl } from "../support/servers.ts";
import { createSqliteFile, type SqliteFile } from "../support/sqlite-file.ts";

interface Place {
  /** as a worker, as one who sends tasks, and as one who only gives commands */
  readonly urls: Readonly<Record<"worker" | "producer" | "operator", string>>;
  close(): Promise<void> | void;
}

const nothing = () => {};
const patience = { withinMs: 20_000 };

/** What Celery tells of a queue. */
function queueFacts(name: string, exchange = { name, type: "direct", key: name }) {
  const unset = {
    consumer_arguments: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: null,
  };
  const own = { delivery_mode: null, passive: false, durable: true, auto_delete: false, no_declare: false, arguments: null };
  return {
    ...unset,
    ...{ name, routing_key: exchange.key, queue_arguments: null, binding_arguments: null, bindings: [], alias: null, no_declare: null },
    ...{ durable: true, exclusive: false, auto_delete: false, no_ack: false },
    exchange: { name: exchange.name, type: exchange.type, ...own },
  };
}
const sameForAll = (url: string) => ({ worker: url, producer: url, operator: url });

const places: Readonly<Record<string, () => Promise<Place>>> = {
  memory: async () => ({ urls: sameForAll(`memory://${randomUUID()}`), close: nothing }),
  async sqlite() {
    const file: SqliteFile = await createSqliteFile();
    return { urls: sameForAll(file.url), close: () => file.remove() };
  },
  async redis() {
    const url = await redisUrl();
    const [worker, producer, operator] = await Promise.all([
      redisUserUrl(url, "worker"),
      redisUserUrl(url, "producer"),
      redisUserUrl(url, "operator"),
    ]);
    return { urls: { worker, producer, operator }, close: nothing };
  },
  async rabbitmq() {
    const url = await amqpUrl();
    const as = (role: "worker" | "producer" | "operator") => amqpUserUrl(url, rabbitmqPermissions(role));
    return { urls: { worker: await as("worker"), producer: await as("producer"), operator: await as("operator") }, close: nothing };
  },
};

beside.each(Object.entries(places))("on %s", (_, open) => {
  const [name, other] = ["w1@shop.example", "w2@shop.example"];
  let place: Place;
  let operator: App;
  let producer: App;
  let workers: Worker[] = [];
  const apps: App[] = [];
  const running = new Map<string, () => void>();

  function startWorker(hostname: string): Promise<Worker> {
    const app = createApp("shop", {
      broker: place.urls.worker,
      backend: "disabled",
      config: { taskDefaultQueue: "shop", taskTimeLimit: null, taskSoftTimeLimit: "1h" },
    });
    apps.push(app);
    app.task("shop.wait", (id: string) => new Promise<void>((resolve) => running.set(id, resolve)));
    app.task("shop.add", { maxRetries: 7 }, (x: number, y: number) => x + y);
    app.command(
      "restock",
      { doc: "Fills a shelf.", args: { shelf: { kind: "text", doc: "Which.", required: true } } },
      (worker, { shelf }) => {
        if (shelf === "broken") throw new Error("the shelf is broken");
        return { ok: `${worker.hostname} filled ${String(shelf)} for ${worker.queues.join()}` };
      },
    );
    const worker = createWorker(app, { pool: "inline", concurrency: 1, hostname });
    workers.push(worker);
    return worker.start().then(() => worker);
  }

  beforeAll(async () => {
    place = await open();
    operator = createApp("operator", { broker: place.urls.operator, backend: "disabled" });
    producer = createApp("producer", {
      broker: place.urls.producer,
      backend: "disabled",
      config: { taskDefaultQueue: "shop", taskDefaultPriority: 5 },
    });
    apps.push(operator, producer);
    await Promise.all([startWorker(name), startWorker(other)]);
  });
  afterAll(async () => {
    for (const release of running.values()) release();
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all(apps.map((app) => app.close()));
    await place?.close();
  });

  const ask = async (command: string, args: object = {}) => {
    const answers = await operator.control.broadcast(command, args, { reply: true, destination: name, timeout: "20s" });
    expect(Object.keys(answers)).toEqual([name]);
    return answers[name];
  };

  it("all workers answer, those alone that are named, or whose name fits", async () => {
    expect(await operator.control.ping({ limit: 2, timeout: "20s" })).toEqual({ [name]: "pong", [other]: "pong" });
    expect(await operator.control.ping({ destination: [other], timeout: "20s" })).toEqual({ [other]: "pong" });
    expect(await operator.control.ping({ pattern: "w[13]@*.example", limit: 1, timeout: "20s" })).toEqual({ [name]: "pong" });
    expect(await operator.control.ping({ pattern: "w2@.*", matcher: "pcre", limit: 1, timeout: "20s" })).toEqual({ [other]: "pong" });
    expect(await operator.control.ping({ destination: "nobody@nowhere", timeout: "300ms" })).toEqual({});
    expect(await operator.control.broadcast("ping")).toEqual({});
  });

  it("tells what it runs, holds and knows", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const third = workers.find((worker) => worker.hostname === other)!;
    await third.stop();
    for (const id of [first, second]) await producer.sendTask("shop.wait", [id], { taskId: id, priority: 3 });
    await eventually(() => running.has(first), patience);
    const [task] = (await ask("active")) as [Record<string, unknown>];
    expect(task).toMatchObject({
      ...{ id: first, name: "shop.wait", type: "shop.wait", hostname: name, args: [first], kwargs: {}, acknowledged: false },
      ...{ worker_pid: process.pid, time_start: expect.any(Number) },
      delivery_info: { exchange: "", routing_key: "shop", redelivered: false },
    });
    expect(await ask("dump_active", { safe: true })).toMatchObject([{ args: `('${first}',)`, kwargs: "{}" }]);
    expect(await ask("query_task", { ids: [first, "nope"] })).toMatchObject({ [first]: ["active", { id: first }] });
    expect(await ask("query_task", { ids: first })).toHaveProperty([first]);
    expect(await ask("registered", { taskinfoitems: ["max_retries", "rate_limit"] })).toEqual(["shop.add [max_retries=7]", "shop.wait"]);
    expect(await ask("scheduled")).toEqual([]);
    expect(await ask("stats")).toMatchObject({
      ...{
        total: { "shop.wait": expect.any(Number) },
        pid: process.pid,
        clock: expect.stringMatching(/^\d+$/),
        uptime: expect.any(Number),
      },
      pool: { "max-concurrency": 1 },
      rusage: { utime: expect.any(Number), maxrss: expect.any(Number) },
    });
    expect(JSON.stringify(await ask("stats"))).not.toContain(new URL(place.urls.worker).password || "no password");
    running.get(first)!();
    await eventually(() => running.has(second), patience);
    running.get(second)!();
    await eventually(async () => expect(await ask("active")).toEqual([]), patience);
  });

  it("consumes more queues and fewer, as it is told", async () => {
    const worker = workers.find((each) => each.hostname === name)!;
    const told = { reply: true, destination: name, timeout: "20s" } as const;
    expect(await ask("active_queues")).toEqual([queueFacts("shop")]);
    for (let time = 0; time < 2; time += 1)
      expect(await operator.control.addConsumer("shop-extra", told)).toEqual({ [name]: { ok: "add consumer shop-extra" } });
    const bound = { exchange: "shop-topic", exchangeType: "topic", routingKey: "a.#" } as const;
    expect(await operator.control.addConsumer("shop-bound", { ...told, ...bound })).toEqual({ [name]: { ok: "add consumer shop-bound" } });
    expect(await ask("add_consumer", { queue: "shop-odd", exchange_type: "odd" })).toEqual({
      error: expect.stringContaining("headers, got odd"),
    });
    expect(worker.queues).toEqual(["shop", "shop-extra", "shop-bound"]);
    expect(await ask("active_queues")).toEqual([
      queueFacts("shop"),
      queueFacts("shop-extra"),
      queueFacts("shop-bound", { name: "shop-topic", type: "topic", key: "a.#" }),
    ]);
    const ways = [{ queue: "shop-extra" }, { exchange: "shop-topic", routingKey: "a.b" }];
    for (const way of ways) {
      const id = randomUUID();
      await producer.sendTask("shop.wait", [id], { taskId: id, priority: 3, ...way });
      await eventually(() => running.has(id), patience);
      running.get(id)!();
    }
    for (const queue of ["shop-extra", "shop-extra", "shop-bound"])
      expect(await operator.control.cancelConsumer(queue, told)).toEqual({ [name]: { ok: `no longer consuming from ${queue}` } });
    expect(worker.queues).toEqual(["shop"]);
  });

  it("lets a task begin as often as it is told to", async () => {
    const limit = async (task: string, rate: string | number) => await ask("rate_limit", { task_name: task, rate_limit: rate });
    expect(await limit("shop.add", "100/m")).toEqual({ ok: "new rate limit set successfully" });
    expect(await ask("registered", { taskinfoitems: ["rate_limit"] })).toEqual(["shop.add [rate_limit=100/m]", "shop.wait"]);
    expect(await limit("shop.add", 0)).toEqual({ ok: "rate limit disabled successfully" });
    expect(await limit("shop.nowhere", "1/s")).toEqual({ error: "unknown task" });
    expect(await limit("shop.add", "lots/x")).toEqual({ error: expect.stringMatching(/^Invalid rate limit string: "lots\/x"/) });
    const answers = await operator.control.rateLimit("shop.add", null, { reply: true, destination: name, timeout: "20s" });
    expect(answers).toEqual({ [name]: { ok: "rate limit disabled successfully" } });
    await expect(operator.control.rateLimit("shop.add", "often" as never)).rejects.toMatchObject({ code: "CONTROL_ARGUMENTS" });
  });

  it("shows its settings without secrets", async () => {
    const shown = (await ask("conf")) as Record<string, unknown>;
    expect(shown).toMatchObject({ task_default_queue: "shop", result_backend: "disabled" });
    expect(shown).not.toHaveProperty("task_serializer");
    expect(JSON.stringify(shown)).not.toContain(new URL(place.urls.worker).password || "no password");
    const { ok: report } = (await ask("report")) as { ok: string };
    expect(report).toMatch(/^software -> celeriac:\S+ node:/);
    expect(report).toContain("\nshop.wait");
    expect(report).not.toContain(new URL(place.urls.worker).password || "no password");
    expect(await ask("conf", { with_defaults: true })).toMatchObject({ task_serializer: "json" });
  });

  it("answers in Celery's words, and says what it cannot do", async () => {
    expect(await ask("enable_events")).toEqual({ ok: "task events enabled" });
    expect(await ask("enable_events")).toEqual({ ok: "task events already enabled" });
    expect(await ask("disable_events")).toEqual({ ok: "task events disabled" });
    expect(await ask("loglevel", { level: "WARNING" })).toEqual({ ok: "log level is warn, was info" });
    expect(await ask("loglevel", { level: "info" })).toEqual({ ok: "log level is info, was warn" });
    expect(await ask("loglevel", { level: "loud" })).toEqual({ error: expect.stringMatching(/^loglevel: level is one of debug, /) });
    expect(await ask("heartbeat")).toBeNull();
    expect(await ask("clock")).toEqual({ clock: expect.any(Number) });
    expect(await ask("nosuch")).toEqual({ error: "KeyError('nosuch')" });
    expect(await ask("query_task")).toEqual({ error: "query_task: ids is a text or a list of texts, it was not given" });
    expect(await ask("active", { safe: "maybe" })).toEqual({ error: 'active: safe is true or false, got "maybe"' });
    expect(await ask("objgraph")).toEqual({ error: expect.stringContaining("Python") });
  });

  it("carries out commands of the app", async () => {
    expect(await ask("restock", { shelf: "top" })).toEqual({ ok: `${name} filled top for shop` });
    expect(await ask("restock", { shelf: "broken" })).toEqual({ error: "the shelf is broken" });
    expect(await ask("restock")).toEqual({ error: "restock: shelf is a text, it was not given" });
  });

  it("stops when it is told to", async () => {
    const hostname = "w3@shop.example";
    const worker = await startWorker(hostname);
    await operator.control.broadcast("shutdown", {}, { destination: hostname });
    await eventually(async () => expect(await operator.control.ping({ destination: hostname, timeout: "200ms" })).toEqual({}), patience);
    await worker.stop();
    expect(await operator.control.ping({ destination: name, timeout: "20s" })).toEqual({ [name]: "pong" });
    workers = workers.filter((each) => each !== worker);
  });
});
