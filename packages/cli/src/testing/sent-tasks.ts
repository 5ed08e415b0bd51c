/** What was sent while a test looked on, and every state that came of it. */
import type { AnyTask, CallOptions, OutgoingMessage, TaskSnapshot, TaskState } from "@celeriac/core";
import type { AppRuntime } from "@celeriac/core/runtime";
import { readSnapshot, reviveError } from "@celeriac/core/testing";

export interface Sent {
  readonly id: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
}

interface Life {
  readonly id: string;
  readonly task: string;
  /** in the order in which they came */
  readonly snapshots: TaskSnapshot<unknown>[];
}

export interface SentTasks {
  /** in the order in which they were sent */
  of(task: AnyTask): readonly Sent[];
  /** The newest snapshot in `state` of the first task that is in it or was; undefined while none was. */
  find(task: AnyTask, state: TaskState): TaskSnapshot<unknown> | undefined;
  /** what became of each, newest states; for people */
  lives(task: AnyTask): readonly string[];
  /** Resolves at the next state of any task. */
  news(): Promise<void>;
  stop(): void;
}

export function createSentTasks(runtime: AppRuntime): SentTasks {
  /** in the order in which they were to be sent; of those that run where they are called, what they send themselves ends before */
  const outgoing = new Set<OutgoingMessage>();
  const sent = new WeakSet<OutgoingMessage>();
  const lives = new Map<string, Life>();
  const tell = new Set<() => void>();

  function asCalled({ id, task, args, kwargs, options }: OutgoingMessage): Sent {
    const takesObject = (runtime.registry.get(task)?.input ?? null) !== null && args.length === 0;
    return Object.freeze({ id, ...(takesObject ? { args: [kwargs], kwargs: {} } : { args, kwargs }), options });
  }

  function follow({ id, task }: { readonly id: string; readonly task: string }): void {
    if (lives.has(id)) return;
    const revive = (name: string | null, remote: Parameters<typeof reviveError>[1]) =>
      reviveError(runtime.registry.get(name ?? "")?.options.throws ?? [], remote);
    const read = (text: string | null) => readSnapshot({ id, taskName: task, known: true, revive }, text);
    const life: Life = { id, task, snapshots: [read(null)] };
    lives.set(id, life);
    void runtime.links().then(({ backend }) =>
      backend?.subscribe(id, (text) => {
        life.snapshots.push(read(text));
        for (const each of tell) each();
        tell.clear();
      }),
    );
  }

  const { afterTaskPublish, beforeTaskPublish, taskPrerun } = runtime.signals;
  // What follows a task is seen when it runs: nobody sent it by a call.
  const listening = [
    beforeTaskPublish.connect((message) => {
      outgoing.add(message);
      follow(message);
    }),
    afterTaskPublish.connect((message) => void sent.add(message)),
    taskPrerun.connect(follow),
  ];
  const livesOf = ({ name }: AnyTask) => [...lives.values()].filter(({ task }) => task === name);
  return {
    of: ({ name }) => [...outgoing].filter((message) => message.task === name && sent.has(message)).map(asCalled),
    find(task, state) {
      for (const { snapshots } of livesOf(task)) {
        const found = snapshots.findLast((snapshot) => snapshot.state === state);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    lives: (task) => livesOf(task).map(({ id, snapshots }) => `${id} is ${snapshots.at(-1)!.state}`),
    news: () => new Promise((resolve) => tell.add(resolve)),
    stop() {
      for (const each of listening) each[Symbol.dispose]();
    },
  };
}
