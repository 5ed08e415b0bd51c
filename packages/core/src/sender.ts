/** Sends an app's calls, each through the whole way to the broker, and finds their results: what tasks and signatures need of the app. */
import { randomUUID } from "node:crypto";
import type { AppRuntime } from "./app-runtime.ts";
import type { Call, CompositeCall, Frozen } from "./call.ts";
import { publishComposite } from "./canvas/publish.ts";
import { compose } from "./compose.ts";
import { partsOf } from "./control.ts";
import { currentRun, parentageOf } from "./current-run.ts";
import type { Departure } from "./departure.ts";
import type { Applied } from "./eager.ts";
import { CeleriacError } from "./errors.ts";
import { reviveError } from "./failure.ts";
import type { GroupResult } from "./group-result.ts";
import type { AsyncResult, HandleSource, Sent } from "./result.ts";
import { createResult, groupOf, handleIn } from "./result-tree.ts";
import { readGroup } from "./saved-group.ts";
import type { Outcome } from "./snapshot.ts";
import type { TaskSender } from "./task.ts";
import { toWire } from "./task-input.ts";
import { createTransmit } from "./transmit.ts";

export interface Sender extends TaskSender {
  result<R, P>(id: string, taskName: string | null): AsyncResult<R, P>;
  /** What GroupResult.save() kept; null where there is nothing. Throws RESULT_DISABLED, RESULT_GROUPS, RESULT_UNREADABLE, BACKEND_*. */
  restoreGroup<R>(id: string): Promise<GroupResult<R[]> | null>;
  /** Resolves when everything that is being sent is confirmed or refused. */
  flushed(): Promise<void>;
}

/** `departure`: of all that it sends; at once unless told. */
export function createSender(runtime: AppRuntime, departure: Departure | null = null): Sender {
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
  const transmit = createTransmit(runtime, departure);

  async function send<R, P>(make: () => Call): Promise<AsyncResult<R, P>> {
    underway++;
    try {
      const call = make();
      return runtime.settings.taskAlwaysEager ? await runEagerly<R, P>(call) : await publishCall<R, P>(call);
    } finally {
      ended();
    }
  }

  async function sendComposite<R>(make: () => CompositeCall): Promise<AsyncResult<R>> {
    underway++;
    try {
      const composite = make();
      return (runtime.settings.taskAlwaysEager ? await applyComposite(composite) : await published(composite)) as AsyncResult<R>;
    } finally {
      ended();
    }
  }

  async function published(composite: CompositeCall): Promise<AsyncResult<unknown>> {
    return handleIn(source, await publishComposite(runtime, transmit, composite, departure));
  }

  async function applyComposite(composite: CompositeCall): Promise<AsyncResult<unknown>> {
    const { applyCompositeHere } = await import("./eager.ts");
    await departure?.open();
    const result = await applyCompositeHere(runtime, source, composite);
    if (runtime.settings.taskEagerPropagates) throwFailure(await result.settled());
    return result;
  }

  function ended(): void {
    underway--;
    if (underway === 0) for (const tell of awaitingNone) tell();
  }

  async function runEagerly<R, P>(call: Call): Promise<AsyncResult<R, P>> {
    await departure?.open();
    const { result, outcome } = await applyCall<R, P>(call);
    if (runtime.settings.taskEagerPropagates) throwFailure(outcome);
    return result;
  }

  async function applyCall<R, P>(call: Call): Promise<Applied<R, P>> {
    // Producers do not load what runs tasks.
    const { applyHere } = await import("./eager.ts");
    return await applyHere<R, P>(runtime, source, call, call.options.taskId ?? randomUUID());
  }

  async function publishCall<R, P>(call: Call): Promise<AsyncResult<R, P>> {
    const id = call.options.taskId ?? randomUUID();
    const definition = runtime.registry.get(call.task);
    const links = await runtime.links();
    const { args, kwargs } = definition === undefined || definition.input === null ? call : await toWire(definition, call);
    const run = currentRun();
    const sent = { ...call, args, kwargs };
    const context = runtime.composeContext(links.backend?.replyTo ?? null, departure?.at);
    const { message, route } = compose(context, sent, definition, id, parentageOf(run));
    await transmit(links, { call: sent, message, route, guarded: call.options.taskId !== undefined });
    if (call.options.addToParent !== false) run?.children.push([[id, null], null]);
    return createResult<R, P>(source, { id, taskName: call.task, known: true });
  }

  return {
    send: <R, P>(make: () => Call) => withGet(send<R, P>(make)),
    sendComposite: <R>(make: () => CompositeCall) => withGet(sendComposite<R>(make)),
    handle: <R>(frozen: Frozen) => handleIn(source, frozen) as AsyncResult<R>,
    errbacksOnHeaders: runtime.settings.taskAllowErrorCbOnChordHeader,
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

/** No handler of ours hangs on it: a rejection that its caller never looks at is Node's to report. */
function withGet<R, P>(sent: Promise<AsyncResult<R, P>>): Sent<R, P> {
  return Object.assign(sent, { get: async (options?: Parameters<AsyncResult<R, P>["get"]>[0]) => (await sent).get(options) });
}

function throwFailure(outcome: Outcome<unknown>): void {
  if (outcome.state === "FAILURE") throw outcome.error.cause ?? outcome.error;
}
