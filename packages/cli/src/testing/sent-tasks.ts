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
  /** A run was seen of a task that nobody here sent: what followed another. */
  saw(id: string, task: string): void;
  /** The newest snapshot in `state` of the first task that is in it or was; undefined while none was. */
  find(task: AnyTask, state: TaskState): TaskSnapshot<unknown> | undefined;
  /** what became of each, newest states; for people */
  lives(task: AnyTask): readonly string[];
  /** Resolves at the next state of any task. */
  news(): Promise<void>;
  stop(): void;
}

export function createSentTasks(runtime: AppRuntime): SentTasks {
  const sent: (Sent & { readonly task: string })[] = [];
  const lives = new Map<string, Life>();
  const tell = new Set<() => void>();

  function record({ id, task, args, kwargs, options }: OutgoingMessage): void {
    const takesObject = (runtime.registry.get(task)?.input ?? null) !== null && args.length === 0;
    sent.push({ id, task, options, ...(takesObject ? { args: [kwargs], kwargs: {} } : { args, kwargs }) });
    follow(id, task);
  }

  function follow(id: string, task: string): void {
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

  const listening = runtime.signals.afterTaskPublish.connect(record);
  const livesOf = ({ name }: AnyTask) => [...lives.values()].filter(({ task }) => task === name);
  return {
    of: ({ name }) => sent.filter(({ task }) => task === name).map(({ task: _task, ...rest }) => Object.freeze(rest)),
    saw: follow,
    find(task, state) {
      for (const { snapshots } of livesOf(task)) {
        const found = snapshots.findLast((snapshot) => snapshot.state === state);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    lives: (task) => livesOf(task).map(({ id, snapshots }) => `${id} is ${snapshots.at(-1)!.state}`),
    news: () => new Promise((resolve) => tell.add(resolve)),
    stop: () => listening[Symbol.dispose](),
  };
}
