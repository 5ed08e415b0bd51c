/** Signals tell afterwards and may change nothing: Celery's, typed. Listeners run in the process where the thing happened. */
import type { TaskFacts, TaskRequest } from "./context.ts";
import type { OutgoingMessage } from "./middleware.ts";
import type { Outcome } from "./snapshot.ts";

export interface Signal<E> {
  /** Calls `listener` each time, synchronously; with `task`, for that task only. Dispose to stop. */
  connect(listener: (event: E) => void, options?: { readonly task?: { readonly name: string } }): Disposable;
}

type TaskEvent = TaskRequest & { readonly task: string };
/** of one whose arguments nobody has read */
type UnreadTaskEvent = TaskFacts & { readonly task: string };
/** `pid`: of the process that tells */
type ProcessEvent = { readonly hostname: string; readonly pid: number };

/** What each signal carries; `hostname` is a worker's node name, of a beat its host's. */
export interface SignalEvents {
  beforeTaskPublish: OutgoingMessage;
  afterTaskPublish: OutgoingMessage;
  taskReceived: UnreadTaskEvent;
  taskPrerun: TaskEvent;
  taskPostrun: TaskEvent & { readonly outcome: Outcome<unknown> };
  taskSuccess: TaskEvent & { readonly value: unknown };
  taskFailure: TaskEvent & { readonly error: unknown };
  taskRetry: TaskEvent & { readonly error: unknown };
  taskInternalError: TaskEvent & { readonly error: unknown };
  /** `signum`: of the signal that it was terminated by */
  taskRevoked: UnreadTaskEvent & { readonly terminated: boolean; readonly signum: number | null; readonly expired: boolean };
  taskUnknown: UnreadTaskEvent;
  taskRejected: { readonly queue: string; readonly reason: string };
  workerInit: { readonly hostname: string };
  workerProcessInit: ProcessEvent;
  workerReady: { readonly hostname: string };
  heartbeatSent: { readonly hostname: string };
  workerShuttingDown: { readonly hostname: string; readonly how: "warm" | "cold" };
  workerProcessShutdown: ProcessEvent;
  workerShutdown: { readonly hostname: string };
  beatInit: { readonly hostname: string };
  beatEmbeddedInit: { readonly hostname: string };
}

export type SignalName = keyof SignalEvents;
export type Signals = { readonly [K in SignalName]: Signal<SignalEvents[K]> };
/** For those who tell, which users do not. */
export type SignalSender = Signals & {
  /** Tells all listeners; free when there are none. */
  send<K extends SignalName>(name: K, event: () => SignalEvents[K]): void;
};

/** name → who tells it, and when. `executor`: the process or thread that runs tasks, which is the worker's own in the pool inline. */
export const signalTable = {
  beforeTaskPublish: ["sender", "A task is about to be sent."],
  afterTaskPublish: ["sender", "The broker has it."],
  taskReceived: ["worker", "It may run: its headers were read, and nothing speaks against it."],
  taskPrerun: ["executor", "Its function is about to be called."],
  taskPostrun: ["executor", "A run ended the task: not one that is retried, rejected, ignored or handed back."],
  taskSuccess: ["executor", "It returned."],
  taskFailure: ["executor", "It failed for good."],
  taskRetry: ["executor", "It is to run again."],
  taskInternalError: ["executor", "Celeriac itself failed at deciding how it ended."],
  taskRevoked: ["worker", "It was not run, or not to its end: it expired, or was revoked, aborted or terminated."],
  taskUnknown: ["worker", "No task of its name is registered."],
  taskRejected: ["worker", "A message that is no task came, and went to the dead letters."],
  workerInit: ["worker", "A worker starts: the app is loaded, nothing else has begun."],
  workerProcessInit: ["executor", "It has loaded the app, and is about to open its `deps`."],
  workerReady: ["worker", "It consumes."],
  heartbeatSent: ["worker", "Monitors were told that it lives, where events are on."],
  workerShuttingDown: ["worker", "It was asked to stop."],
  workerProcessShutdown: ["executor", "Its last run has ended, and its `deps` are about to be closed. Not where it died or was ended."],
  workerShutdown: ["worker", "It has stopped."],
  beatInit: ["beat", "A beat starts: the app is loaded, nothing is open yet, and it may not be the one that leads."],
  beatEmbeddedInit: ["beat", "After `beatInit`, where it is a worker's, by `-B`."],
} as const satisfies Record<SignalName, readonly [where: "sender" | "worker" | "executor" | "beat", when: string]>;

const names = Object.keys(signalTable) as SignalName[];

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
