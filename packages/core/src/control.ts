/** `app.control`: remote control of workers, of either language, as users call it. Stands on the client, which speaks the wire. */
import type { AppRuntime } from "./app-runtime.ts";
import type { InspectName, RemoteCommandName } from "./command.ts";
import { askWorkers, type ControlCall, type ControlParts, tellWorkers } from "./control/client.ts";
import { findPaused, type Paused, type PauseTargets, setPaused } from "./control/pausing.ts";
import { type RevokeOptions, revokeArguments } from "./control/revocation.ts";
import { type Duration, durationMs } from "./duration.ts";
import { CeleriacError } from "./errors.ts";
import type { ExchangeType } from "./queue-table.ts";
import { type RateLimit, readRateLimit } from "./rate-limit.ts";
import { shownValue } from "./setting.ts";
import type { AnyTask } from "./task.ts";

/** Which workers, and how long they are waited for. */
export interface ControlOptions {
  /** node names; all workers unless told */
  readonly destination?: string | readonly string[] | undefined;
  /** that the names of nodes fit, e.g. "mail@*" */
  readonly pattern?: string | undefined;
  /** how the pattern is read; glob unless told */
  readonly matcher?: "glob" | "pcre" | undefined;
  /** How long answers are waited for: 1 s unless told. Nobody knows how many workers there are: less only where `destination` or `limit` says how many answer. */
  readonly timeout?: Duration | undefined;
  /** as many answers are enough */
  readonly limit?: number | undefined;
}

export interface ReplyOptions {
  /** Waits for answers; nothing is answered unless told. */
  readonly reply?: boolean | undefined;
}

/** How messages reach a queue that is added: from an exchange of its name, by its name, unless told. */
export interface QueueBindingOptions {
  readonly exchange?: string | null | undefined;
  /** headers: RabbitMQ alone */
  readonly exchangeType?: ExchangeType | undefined;
  readonly routingKey?: string | null | undefined;
}

/** What workers answered, by node name. */
export type ControlReplies<T = unknown> = Readonly<Record<string, T>>;

/** All throw BROKER_*, PUBLISH_*, CONFIG_*, APP_CLOSED. A worker that refuses answers `{error}`; one that is not there does not answer. */
export interface Control {
  ping(options?: ControlOptions): Promise<ControlReplies<"pong">>;
  /** What workers tell of themselves, as Celery's inspect gives it; `args` by their names on the wire. */
  inspect(what: InspectName, options?: ControlOptions & { readonly args?: object | undefined }): Promise<ControlReplies>;
  /** Keeps tasks from beginning, or with `terminate` ends them. With `reply` answers are waited for. */
  revoke(ids: string | readonly string[], options?: ControlOptions & RevokeOptions & ReplyOptions): Promise<ControlReplies>;
  /** As revoke, of all tasks that bear one of the stamps: name → a value or several. Python's workers know it from Celery 5.3 on. */
  revokeByStampedHeaders(
    stamps: Readonly<Record<string, unknown>>,
    options?: ControlOptions & RevokeOptions & ReplyOptions,
  ): Promise<ControlReplies>;
  /** Workers consume one more queue from now on; of one that is in their `taskQueues`, what that says wins. With `reply` answers are waited for. */
  addConsumer(queue: string, options?: ControlOptions & QueueBindingOptions & ReplyOptions): Promise<ControlReplies>;
  /** Workers consume the queue no more; what they hold of it goes on. With `reply` answers are waited for. */
  cancelConsumer(queue: string, options?: ControlOptions & ReplyOptions): Promise<ControlReplies>;
  /**
   * How often each worker lets a task begin, until it stops: "10/s", "100/m", "1/h", a number is per second; 0 and null are no limit. With `reply` answers
   * are waited for. Throws CONTROL_ARGUMENTS for what is no rate.
   */
  rateLimit(task: AnyTask | string, rate: RateLimit | null, options?: ControlOptions & ReplyOptions): Promise<ControlReplies>;
  /**
   * No worker of ours begins these tasks, or takes anything out of these queues, within 2 s and until they are resumed; also those that start later, for
   * the broker keeps it. Python's workers do not know of it. Resolves when the broker has it. Throws CONTROL_ARGUMENTS for a broadcast.
   */
  pause(what: PauseTargets): Promise<void>;
  /** Harmless where nothing is paused. */
  resume(what: PauseTargets): Promise<void>;
  /** What is paused of the tasks and queues that this app knows; on other brokers than RabbitMQ of all queues. */
  paused(): Promise<Paused>;
  /** Any command, a custom one too; with `reply` its answers are waited for. */
  broadcast(command: RemoteCommandName | (string & {}), args?: object, options?: ControlOptions & ReplyOptions): Promise<ControlReplies>;
}

export function createControl(runtime: AppRuntime): Control {
  async function ask(method: string, args: object, options: ControlOptions): Promise<ControlReplies> {
    const wait = { timeoutMs: durationMs(options.timeout ?? "1s", "timeout"), limit: options.limit ?? null };
    const replies = await askWorkers(await partsOf(runtime), callOf(method, args, options), wait);
    return Object.fromEntries(replies.map(({ hostname, value }) => [hostname, value]));
  }

  const control: Control = {
    async ping(options = {}) {
      const replies = await ask("ping", {}, options);
      const alive = Object.entries(replies).filter(([, value]) => isPong(value));
      return Object.fromEntries(alive.map(([hostname]) => [hostname, "pong" as const]));
    },
    inspect: (what, { args = {}, ...options } = {}) => ask(what, args, options),
    async broadcast(command, args = {}, { reply = false, ...options } = {}) {
      if (reply) return await ask(command, args, options);
      await tellWorkers(await partsOf(runtime), callOf(command, args, options));
      return {};
    },
    revoke: (ids, { terminate, signal, ...options } = {}) =>
      control.broadcast("revoke", revokeArguments(ids, { terminate, signal }), options),
    revokeByStampedHeaders: (headers, { terminate = false, signal = "SIGTERM", ...options } = {}) =>
      control.broadcast("revoke_by_stamped_headers", { headers, terminate, signal }, options),
    addConsumer: (queue, { exchange = null, exchangeType = "direct", routingKey = null, ...options } = {}) =>
      control.broadcast("add_consumer", { queue, exchange, exchange_type: exchangeType, routing_key: routingKey }, options),
    cancelConsumer: (queue, options = {}) => control.broadcast("cancel_consumer", { queue }, options),
    async rateLimit(task, rate, options) {
      if (readRateLimit(rate) === undefined)
        throw new CeleriacError(
          "CONTROL_ARGUMENTS",
          `rateLimit takes "10/s", "100/m", "1/h" or a number per second, got ${shownValue(rate)}`,
        );
      const name = typeof task === "string" ? task : task.name;
      return await control.broadcast("rate_limit", { task_name: name, rate_limit: rate ?? 0 }, options);
    },
    pause: (what) => setPaused(runtime, what, true),
    resume: (what) => setPaused(runtime, what, false),
    paused: () => findPaused(runtime),
  };
  return control;
}

export async function partsOf(runtime: AppRuntime): Promise<ControlParts> {
  const { broker } = await runtime.links();
  const { settings, clock, lamport, logger } = runtime;
  return { broker, settings, clock, lamport, logger };
}

export function callOf(method: string, args: object, { destination, pattern, matcher }: ControlOptions): ControlCall {
  return {
    method,
    arguments: args as Readonly<Record<string, unknown>>,
    destination: destination === undefined ? null : typeof destination === "string" ? [destination] : destination,
    pattern: pattern ?? null,
    matcher: pattern === undefined ? null : (matcher ?? "glob"),
  };
}

/** Celery's workers answer `{ok: "pong"}`. */
function isPong(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as { ok?: unknown }).ok === "pong";
}
