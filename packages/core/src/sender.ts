/** Sends an app's calls, each through the whole way to the broker, and finds their results: what tasks and signatures need of the app. */
import { randomUUID } from "node:crypto";
import type { AppRuntime } from "./app-runtime.ts";
import type { Call, CallOptions } from "./call.ts";
import { compose } from "./compose.ts";
import { partsOf } from "./control.ts";
import { currentRun, parentageOf } from "./current-run.ts";
import { durationMs } from "./duration.ts";
import type { Applied } from "./eager.ts";
import { CeleriacError } from "./errors.ts";
import { sentEvent } from "./events/sent-event.ts";
import { reviveError } from "./failure.ts";
import type { GroupResult } from "./group-result.ts";
import { encodeMessage } from "./message.ts";
import { type OutgoingMessage, publishThrough } from "./middleware.ts";
import { type PublishRetry, publishRetry, readRetryPolicy } from "./publish-retry.ts";
import type { AsyncResult, HandleSource, Sent } from "./result.ts";
import { createResult, groupOf } from "./result-tree.ts";
import { readGroup } from "./saved-group.ts";
import type { TaskSender } from "./task.ts";
import { toWire } from "./task-input.ts";

export interface Sender extends TaskSender {
  result<R, P>(id: string, taskName: string | null): AsyncResult<R, P>;
  /** What GroupResult.save() kept; null where there is nothing. Throws RESULT_DISABLED, RESULT_GROUPS, RESULT_UNREADABLE, BACKEND_*. */
  restoreGroup<R>(id: string): Promise<GroupResult<R[]> | null>;
  /** Resolves when everything that is being sent is confirmed or refused. */
  flushed(): Promise<void>;
}

const largeBytes = 256 * 1024;

export function createSender(runtime: AppRuntime): Sender {
  let underway = 0;
  const awaitingNone = new Set<() => void>();
  const source: HandleSource = {
    // A test may lead the app elsewhere meanwhile.
    get clock() {
      return runtime.clock;
    },
    get settings() {
      return runtime.settings;
    },
    waits: runtime.waits,
    control: () => partsOf(runtime),
    async backend() {
      const { backend } = await runtime.links();
      if (backend === null) throw new CeleriacError("RESULT_DISABLED", "No result backend: results of this app are not stored");
      return backend;
    },
    revive: (taskName, remote) => reviveError(runtime.registry.get(taskName ?? "")?.options.throws ?? [], remote),
  };
  const publishTimeoutMs = durationMs(runtime.settings.publishTimeout, "publishTimeout");

  let hasWarned = false;

  function warnOfLarge(task: string, bytes: number): void {
    if (hasWarned || bytes <= largeBytes) return;
    hasWarned = true;
    process.emitWarning(
      `A message of task ${task} has ${bytes} bytes. Brokers are made for small ones: above 256 KB send a reference to the data. This is said once`,
      { type: "CeleriacWarning", code: "CELERIAC_LARGE_MESSAGE" },
    );
  }

  const { taskPublishRetry } = runtime.settings;
  const ownRetry = publishRetry(readRetryPolicy(runtime.settings.taskPublishRetryPolicy) ?? {});

  function retryOf({ retry, retryPolicy }: CallOptions): PublishRetry | null {
    if (!(retry ?? taskPublishRetry)) return null;
    return retryPolicy === undefined ? ownRetry : publishRetry(readRetryPolicy(retryPolicy) ?? {}, ownRetry);
  }

  async function send<R, P>(make: () => Call): Promise<AsyncResult<R, P>> {
    underway++;
    try {
      const call = make();
      return runtime.settings.taskAlwaysEager ? await runEagerly<R, P>(call) : await publishCall<R, P>(call);
    } finally {
      underway--;
      if (underway === 0) for (const tell of awaitingNone) tell();
    }
  }

  async function runEagerly<R, P>(call: Call): Promise<AsyncResult<R, P>> {
    const { result, outcome } = await applyCall<R, P>(call);
    if (outcome.state !== "FAILURE" || !runtime.settings.taskEagerPropagates) return result;
    throw outcome.error.cause ?? outcome.error;
  }

  async function applyCall<R, P>(call: Call): Promise<Applied<R, P>> {
    // Producers do not load what runs tasks.
    const { applyHere } = await import("./eager.ts");
    return await applyHere<R, P>(runtime, source, call, call.options.taskId ?? randomUUID());
  }

  async function publishCall<R, P>(call: Call): Promise<AsyncResult<R, P>> {
    const id = call.options.taskId ?? randomUUID();
    const definition = runtime.registry.get(call.task);
    const { broker, backend, producer, sentEvents } = await runtime.links();
    const { args, kwargs } = definition === undefined || definition.input === null ? call : await toWire(definition, call);
    const run = currentRun();
    const parent = parentageOf(run);
    const { message, route } = compose(runtime.composeContext(backend?.replyTo ?? null), { ...call, args, kwargs }, definition, id, parent);
    runtime.notePriority(message.priority);
    const outgoing: OutgoingMessage = { id, task: call.task, args, kwargs, headers: { ...message.headers }, options: call.options };
    // The reply queue of rpc:// must exist before a worker can answer, if it is to answer.
    const isAnswered =
      !message.ignoreResult || (definition?.options.storeErrorsEvenIfIgnored ?? runtime.settings.taskStoreErrorsEvenIfIgnored);
    const before = isAnswered ? backend?.openReplies : undefined;
    const publish = () => {
      const envelope = encodeMessage({ ...message, headers: outgoing.headers }, runtime.clock.now(), runtime.settings.maxMessageBytes);
      warnOfLarge(call.task, envelope.body.byteLength);
      const dueAt = broker.parksOnPublish && message.etaAt !== null ? message.etaAt : undefined;
      const { abort, publishTimeout } = call.options;
      const timeoutMs = publishTimeout === undefined ? publishTimeoutMs : durationMs(publishTimeout, "publishTimeout");
      const sent = producer.publish(
        { envelope, route, dueAt, guarded: call.options.taskId !== undefined },
        { timeoutMs, retry: retryOf(call.options), abort, before },
      );
      return sentEvents === null ? sent : sent.then(() => sentEvents.send("task-sent", sentEvent(envelope, route)));
    };
    runtime.signals.send("beforeTaskPublish", () => outgoing);
    if (runtime.middleware.length === 0) await publish();
    else await publishThrough(runtime.middleware, outgoing, publish);
    if (call.options.addToParent !== false) run?.children.push([[id, null], null]);
    runtime.signals.send("afterTaskPublish", () => outgoing);
    return createResult<R, P>(source, { id, taskName: call.task, known: true });
  }

  return {
    send<R, P>(make: () => Call): Sent<R, P> {
      // No handler of ours hangs on it: a rejection that its caller never looks at is Node's to report.
      const sent = send<R, P>(make);
      return Object.assign(sent, { get: async (options?: Parameters<AsyncResult<R, P>["get"]>[0]) => (await sent).get(options) });
    },
    apply: async <R>(make: () => Call) => (await applyCall<R, unknown>(make())).outcome,
    result: <R, P>(id: string, taskName: string | null) => createResult<R, P>(source, { id, taskName, known: false }),
    async restoreGroup<R>(id: string) {
      const text = await (await source.backend()).restoreGroup(id);
      return text === null ? null : groupOf<R[]>(source, readGroup(id, text));
    },
    async flushed() {
      if (underway > 0) await new Promise<void>((resolve) => awaitingNone.add(resolve));
    },
  };
}
