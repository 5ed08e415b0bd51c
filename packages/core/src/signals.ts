/** Signals tell afterwards and may change nothing: Celery's, typed. Listeners run in the process where the thing happened. */
import type { TaskRequest } from "./context.ts";
import type { OutgoingMessage } from "./middleware.ts";
import type { Outcome } from "./snapshot.ts";

export interface Signal<E> {
  /** Calls `listener` each time, synchronously; with `task`, for that task only. Dispose to stop. */
  connect(listener: (event: E) => void, options?: { readonly task?: { readonly name: string } }): Disposable;
}

type TaskEvent = TaskRequest & { readonly task: string };

/** What each signal carries. */
export interface SignalEvents {
  beforeTaskPublish: OutgoingMessage;
  afterTaskPublish: OutgoingMessage;
  taskPrerun: TaskEvent;
  /** after a run that ended the task; not after one that is retried, rejected, ignored or handed back */
  taskPostrun: TaskEvent & { readonly outcome: Outcome<unknown> };
  taskSuccess: TaskEvent & { readonly value: unknown };
  taskFailure: TaskEvent & { readonly error: unknown };
  taskRetry: TaskEvent & { readonly error: unknown };
  workerReady: { readonly hostname: string };
  workerShutdown: { readonly hostname: string };
}

export type SignalName = keyof SignalEvents;
export type Signals = { readonly [K in SignalName]: Signal<SignalEvents[K]> };
/** For those who tell, which users do not. */
export type SignalSender = Signals & {
  /** Tells all listeners; free when there are none. */
  send<K extends SignalName>(name: K, event: () => SignalEvents[K]): void;
};

const names = [
  "beforeTaskPublish",
  "afterTaskPublish",
  "taskPrerun",
  "taskPostrun",
  "taskSuccess",
  "taskFailure",
  "taskRetry",
  "workerReady",
  "workerShutdown",
] as const satisfies readonly SignalName[];

/** A listener that throws disturbs nobody; `report` is told. */
export function createSignals(report: (error: unknown) => void): SignalSender {
  type Listener = (event: never) => void;
  const listeners = new Map<SignalName, Set<Listener>>(names.map((name) => [name, new Set()]));

  const signal = (name: SignalName) => ({
    connect(listener: Listener, { task }: { readonly task?: { readonly name: string } } = {}): Disposable {
      const all = listeners.get(name)!;
      const own: Listener = task === undefined ? listener : (event) => (event as { task?: string }).task === task.name && listener(event);
      all.add(own);
      return { [Symbol.dispose]: () => void all.delete(own) };
    },
  });

  const send = (name: SignalName, event: () => unknown) => {
    const all = listeners.get(name)!;
    if (all.size === 0) return;
    const told = event() as never;
    for (const listener of all) {
      try {
        listener(told);
      } catch (error) {
        report(error);
      }
    }
  };
  return Object.freeze({ ...Object.fromEntries(names.map((name) => [name, signal(name)])), send }) as unknown as SignalSender;
}

/** What users see. */
export function publicSignals({ send, ...signals }: SignalSender): Signals {
  return Object.freeze(signals);
}
