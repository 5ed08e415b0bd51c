/** Settings: Celery's names and ours compile, misspelt ones and wrong values do not. */
import { type Config, createApp } from "celeriac";

export const sound: readonly Config[] = [
  { task_default_queue: "celery", taskTimeLimit: "10m", publishTimeout: 2.5, result_expires: null },
  { taskDefaultPriority: 5, task_acks_late: false, durability: "process", acceptContent: ["json"] },
  { broker_url: process.env["BROKER"], taskRoutes: { "img.*": { queue: "images" } }, maxMessageBytes: 1_048_576 },
  { broker_url: ["amqp://a", "amqp://b"], brokerFailoverStrategy: "shuffle" },
  { broker_use_ssl: { ca_certs: "/etc/ca.pem", ssl_cert_reqs: "required" }, brokerUseSsl: { caCerts: "/etc/ca.pem", certReqs: "none" } },
  { redis_backend_use_ssl: { ssl_ca_certs: "/etc/ca.pem" }, redisBackendUseSsl: true },
  {
    broker_transport_options: {
      master_name: "prime",
      global_keyprefix: "shop:",
      sentinel_kwargs: { password: "pw", ssl: true },
      visibility_timeout: 60,
    },
  },
  {
    task_routes: { a: "queue", b: { exchange: "x", routingKey: "k", priority: 3 } },
    taskQueues: ["a", { name: "b", exchangeType: "topic" }],
  },
  { taskRoutes: [[[/^img\./, "images"]], { "mail.*": "mail" }, (name, args) => (args.length > 1 ? { queue: name } : null)] },
  { taskQueues: { b: { exchange: "x", bindings: [{ routingKey: "k" }], arguments: { "x-max-priority": 9 } } } },
  { worker_prefetch_multiplier: 4, beatMaxLoopInterval: 60, CELERY_TASK_DEFAULT_QUEUE: "q", CELERYD_POOL: "solo", BROKER_URL: "redis://h" },
  { taskQueues: ["mail", { name: "video", exchange: "media", exchangeType: "topic", routingKey: "video.#" }], workerPool: "gevent" },
  { task_queues: { video: { bindings: [{ exchange: "media", exchangeType: "fanout" }], arguments: { "x-queue-type": "quorum" } } } },
  { broker_url: ["amqp://a", "amqp://b"], resultBackendFile: "/run/secrets/results", task_compression: "zstd", result_extended: true },
];

export function refused(): void {
  // @ts-expect-error a misspelt setting
  createApp("x", { config: { task_default_queu: "celery" } });
  // @ts-expect-error "90x" is no duration
  createApp("x", { config: { taskTimeLimit: "90x" } });
  // @ts-expect-error priorities are 0 to 9
  createApp("x", { config: { taskDefaultPriority: 10 } });
  // @ts-expect-error a flag is true or false
  createApp("x", { config: { task_acks_late: "yes" } });
  // @ts-expect-error a misspelt option of TLS
  createApp("x", { config: { brokerUseSsl: { caCert: "/etc/ca.pem" } } });
  // @ts-expect-error pickle is never written
  createApp("x", { config: { taskSerializer: "pickle" } });
  // @ts-expect-error connections are encrypted or not, or with options
  createApp("x", { config: { broker_use_ssl: "yes" } });
  // @ts-expect-error only names of what holds secrets have a file
  createApp("x", { config: { taskDefaultQueueFile: "/run/secrets/queue" } });
  // @ts-expect-error no such compression
  createApp("x", { config: { taskCompression: "rar" } });
  // @ts-expect-error no such kind of exchange
  createApp("x", { config: { taskQueues: { video: { exchangeType: "topical" } } } });
  // @ts-expect-error a queue in a list has a name
  createApp("x", { config: { taskQueues: [{ exchange: "media" }] } });
  // @ts-expect-error a name is a text
  createApp("x", { config: { brokerTransportOptions: { masterName: 1 } } });
  // @ts-expect-error a misspelt member of a route
  createApp("x", { config: { taskRoutes: { a: { queu: "b" } } } });
  // @ts-expect-error no such type of exchange
  createApp("x", { config: { taskQueues: [{ name: "a", exchangeType: "topical" }] } });
  // @ts-expect-error a misspelt option of createApp
  createApp("x", { brokr: "redis://localhost" });
}
