/** Hundreds of workers that are none: over a real broker they beat as Celery's do, and answer what they are asked. */
import { type App, createApp, runtimeOf } from "../../../packages/core/src/app.ts";
import type { Broker } from "../../../packages/core/src/broker.ts";
import { serializers } from "../../../packages/core/src/content.ts";
import {
  type ControlRequest,
  controlRules,
  mailboxQueue,
  readRequest,
  replyExchange,
  requestExchange,
  writeReply,
} from "../../../packages/core/src/control/pidbox.ts";
import { eventExchange } from "../../../packages/core/src/events/exchange.ts";
import { liveEnvelope } from "../../../packages/core/src/live-exchange.ts";
import { partsOf } from "../../../packages/core/src/runtime.ts";

/** What some of them were asked in one message. */
export interface Inquiry {
  readonly method: string;
  /** epoch ms */
  readonly at: number;
  /** null: all of them */
  readonly destination: readonly string[] | null;
}

export interface Fleet {
  readonly names: readonly string[];
  readonly inquiries: readonly Inquiry[];
  /** heartbeats sent so far */
  readonly beats: number;
  stop(): Promise<void>;
}

/** `beatMs`: 2,000 is Celery's. */
export async function startFleet(url: string, size: number, beatMs = 2_000): Promise<Fleet> {
  const app: App = createApp("fleet", { broker: url });
  const runtime = runtimeOf(app)!;
  const { settings } = runtime;
  const { broker } = await partsOf(runtime);
  const names = Array.from({ length: size }, (_, n) => `celery@worker-${n}.example`);
  const inquiries: Inquiry[] = [];
  const sending = new Set<Promise<unknown>>();
  let beats = 0;
  let isStopped = false;

  const send = (work: Promise<unknown>) => {
    const settled = work.catch((error: unknown) => {
      if (!isStopped) throw error;
    });
    sending.add(settled);
    void settled.finally(() => sending.delete(settled));
  };

  function beat(n: number): void {
    beats += 1;
    send(broker.broadcast(eventExchange(settings), "worker.heartbeat", heartbeat(names[n]!, n, beats)));
  }

  function answer(request: ControlRequest): void {
    const { method, destination, replyTo } = request;
    inquiries.push({ method, at: Date.now(), destination });
    if (replyTo === null) return;
    for (const hostname of destination ?? names) {
      const reply = writeReply({ hostname, value: answerTo(method) }, replyTo.ticket, beats);
      send(broker.broadcast(replyExchange(settings), replyTo.routingKey, reply));
    }
  }

  await broker.connect();
  const subscription = await listen(broker, app, answer);
  const beganAt = performance.now();
  // Spread evenly, as workers are that began at different times.
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - beganAt) * size) / beatMs);
    while (beats < due) beat(beats % size);
  }, 20);
  return {
    names,
    inquiries,
    get beats() {
      return beats;
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await Promise.all(sending);
      await subscription.close();
      await app.close();
    },
  };
}

async function listen(broker: Broker, app: App, asked: (request: ControlRequest) => void) {
  const { settings } = runtimeOf(app)!;
  const rules = controlRules(settings);
  return broker.subscribe(requestExchange(settings), {
    ...mailboxQueue(settings, "fleet"),
    heard(envelope) {
      const request = readRequest(envelope, rules);
      if (request !== null) asked(request);
    },
  });
}

function heartbeat(hostname: string, n: number, clock: number) {
  const facts = { sw_ident: "py-celery", sw_ver: "5.6.3", sw_sys: "Linux", active: n % 4, processed: clock, freq: 2 };
  const event = { hostname, utcoffset: 0, pid: 4_000 + n, clock, timestamp: Date.now() / 1_000, type: "worker-heartbeat", ...facts };
  const body = serializers.json.write({ ...event, loadavg: [(n % 7) / 2, 0.5, 0.25] });
  return liveEnvelope(serializers.json, body, { hostname }, 1);
}

/** About as much as a worker of Celery's says. */
function answerTo(method: string): unknown {
  switch (method) {
    case "stats":
      return {
        total: { "shop.tasks.mail": 1_234 },
        pid: 7,
        clock: "4711",
        uptime: 86_400,
        pool: { implementation: "celery.concurrency.prefork:TaskPool", "max-concurrency": 4, processes: [8, 9, 10, 11], timeouts: [0, 0] },
        broker: { hostname: "redis.example", userid: null, virtual_host: "/", port: 6379, transport: "redis", heartbeat: 120 },
        prefetch_count: 16,
        rusage: Object.fromEntries(
          ["utime", "stime", "maxrss", "minflt", "majflt", "inblock", "oublock", "nvcsw", "nivcsw"].map((key) => [key, 1.5]),
        ),
      };
    case "active_queues":
      return ["celery", "mail"].map((name) => ({ name, exchange: { name, type: "direct" }, routing_key: name, durable: true }));
    case "registered":
      return Array.from({ length: 50 }, (_, n) => `shop.tasks.task_${n}`);
    case "conf":
      return Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`setting_${n}`, `value ${n}`]));
    case "query_task":
      return {};
    default:
      return [];
  }
}
