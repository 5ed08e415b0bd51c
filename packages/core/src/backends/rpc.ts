/** Results as messages on RabbitMQ (`rpc://`): a worker sends each state to the caller's reply queue; only that caller has it. */
import { randomUUID } from "node:crypto";
import { type ConnectionOptions, parseAmqpUrls } from "../amqp/address.ts";
import { createFailover, type FailoverStrategy } from "../amqp/failover.ts";
import { ask, type Link } from "../amqp/link.ts";
import { createOutbox } from "../amqp/outbox.ts";
import { createSession } from "../amqp/session.ts";
import type { ResultBackend, ResultRecord } from "../backend.ts";
import type { DriverContext } from "../driver.ts";
import { BackendError, BrokerError, CeleriacError, reasonOf } from "../errors.ts";
import { createReplyCache } from "./reply-cache.ts";
import { openReplyQueue } from "./reply-queue.ts";

export interface RpcOptions {
  /** true: results survive a restart of the broker (Celery's `result_persistent`); false by default. */
  readonly persistent?: boolean;
  /** How long a result waits for a caller that is away, at most (10 min at the longest); null = 10 min. */
  readonly expiresMs: number | null;
  readonly connection?: Partial<ConnectionOptions>;
  readonly failover?: FailoverStrategy;
}

const asJson = { contentType: "application/json", contentEncoding: "utf-8" } as const;

/** Throws CONFIG_URL. Connects nothing yet. */
export function createRpcBackend(url: string, context: DriverContext, options: RpcOptions): ResultBackend {
  const persistent = options.persistent === true;
  const servers = createFailover(parseAmqpUrls(url, options.connection, context.credentials), options.failover);
  const session = createSession(servers, context, "celeriac results");
  const outbox = createOutbox(session, context);
  let hasToldOfLoss = false;
  const cache = createReplyCache((taskId) => {
    if (!hasToldOfLoss) context.logger.warn("More results arrive than are asked for: the oldest are forgotten", { taskId });
    hasToldOfLoss = true;
  });
  const replies = openReplyQueue(session, context, {
    name: randomUUID(),
    durable: persistent,
    expiresMs: options.expiresMs,
    receive: (taskId, text) => cache.add(taskId, text),
  });
  let closing: Promise<void> | null = null;

  function refuseIfClosed(): void {
    if (closing !== null) throw new BackendError("BACKEND_UNREACHABLE", "The result backend was closed");
  }

  async function send(record: ResultRecord & { readonly replyTo: string }): Promise<void> {
    const { taskId, replyTo } = record;
    const { contentType, contentEncoding, bytes } = record.content ?? { ...asJson, bytes: record.text };
    const content = Buffer.from(bytes);
    const properties = { contentType, contentEncoding, correlationId: taskId, priority: 0, headers: {} };
    // Not mandatory: a caller that is gone wants no result.
    await outbox.send({ exchange: "", routingKey: replyTo, content, options: { ...properties, deliveryMode: persistent ? 2 : 1 } });
  }

  async function close(): Promise<void> {
    await replies.close();
    await session.close();
  }

  return {
    replyTo: replies.name,
    async connect() {
      refuseIfClosed();
      await translated("connect", () => outbox.connect());
    },
    async openReplies() {
      refuseIfClosed();
      await translated("have replies", () => replies.ready());
    },
    async store(record) {
      refuseIfClosed();
      const { replyTo } = record;
      if (replyTo !== null) await translated("send the result", () => send({ ...record, replyTo }));
      return "stored";
    },
    async get(taskId) {
      refuseIfClosed();
      return cache.get(taskId);
    },
    async getMany(taskIds) {
      refuseIfClosed();
      return taskIds.map((taskId) => cache.get(taskId));
    },
    async subscribe(taskId, listener) {
      refuseIfClosed();
      const release = session.hold();
      const leave = cache.listen(taskId, listener);
      return {
        close() {
          leave();
          release();
        },
      };
    },
    async forget(taskId) {
      refuseIfClosed();
      cache.forget(taskId);
    },
    saveGroup: refuseGroups,
    restoreGroup: refuseGroups,
    async forgetGroup() {},
    async health() {
      refuseIfClosed();
      await translated("answer", () => ask(openLinkOf(session), "answer", (channel) => channel.checkExchange("amq.direct")));
    },
    async facts() {
      refuseIfClosed();
      const { software } = openLinkOf(session);
      return { software, skewMs: null, persistent: null };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

async function refuseGroups(): Promise<never> {
  throw new CeleriacError(
    "RESULT_GROUPS",
    "rpc:// sends results to their caller, and keeps no group that could be looked up: name another result backend",
  );
}

function openLinkOf({ link }: { readonly link: Link | null }): Link {
  if (link === null) throw new BrokerError("BROKER_UNREACHABLE", "Not connected to RabbitMQ");
  // It would not answer either.
  if (link.blocked !== null) throw new BrokerError("BROKER_BLOCKED", `RabbitMQ takes no publications now: ${link.blocked}`);
  return link;
}

async function translated(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const refusals = { BROKER_AUTH: "BACKEND_AUTH", BROKER_TLS: "BACKEND_TLS", BROKER_REFUSED: "BACKEND_REFUSED" } as const;
    const code = (BrokerError.is(cause) && refusals[cause.code as keyof typeof refusals]) || "BACKEND_UNREACHABLE";
    throw new BackendError(code, `The result backend rpc:// could not ${what}: ${reasonOf(cause)}`, { cause });
  }
}
