/** The handle of a group that was sent: its members' results, waited for together. Never thenable, as no handle is. */
import { ResultTimeoutError } from "./errors.ts";
import { GroupTally, type Member, tasksOf } from "./group-tally.ts";
import { type GroupProgress, groupChanges, groupSnapshot, type MemberEnd, memberEnds } from "./group-watch.ts";
import { type AsyncResult, abortTasks, collectFrom, type HandleSource, revokeTasks, stepsBefore } from "./result.ts";
import { statusOf, type Tidings } from "./result-listen.ts";
import type { ResultTuple } from "./result-meta.ts";
import { type WaitOptions, waitFor } from "./result-wait.ts";
import { streamOf } from "./result-watch.ts";
import { groupRecord } from "./saved-group.ts";
import type { Outcome } from "./snapshot.ts";

/**
 * The state of a group is PENDING until a member is known to have begun and STARTED until all have ended; then SUCCESS if all did well, else what the first
 * by index that did not has ended as. `successful()`: all did well; `failed()`: a member has failed, though others may still run.
 */
export interface GroupResult<out Rs extends readonly unknown[]> extends AsyncResult<Rs, GroupProgress> {
  /** the members', by index: of a chain that of its last step, of a group within the group a GroupResult */
  readonly results: { readonly [K in keyof Rs]: AsyncResult<Rs[K]> };
  /** All values by index. Throws what the first member by index that failed has failed with, as soon as all before it have ended well; else as a task's. */
  get(options?: WaitOptions & { forget?: boolean | undefined }): Promise<Rs>;
  /** How each member has ended, by index, once all have. Rejects where settled() does, and never with a member's failure. */
  settledAll(options?: WaitOptions): Promise<{ -readonly [K in keyof Rs]: Outcome<Rs[K]> }>;
  /** Members as they end or, with `ordered`, by index; ends after the last one, or when `signal` aborts. */
  iterate(options?: { ordered?: boolean | undefined; signal?: AbortSignal | undefined }): AsyncIterable<MemberEnd<Rs>>;
  /** How many members have ended well; the progress in a snapshot counts those that have ended in whichever way. */
  completedCount(): Promise<number>;
  /** Keeps which tasks the group consists of, for as long as a result is kept: app.restoreGroup(id) finds it. Throws RESULT_GROUPS, BACKEND_*. */
  save(): Promise<void>;
  /** Removes the members' results, those of the steps before the group, and what save() kept. */
  forget(): Promise<void>;
}

/** What delay() of a group returns: `await` it for the handle (the broker has all members), or `await ….get()` for the values. */
export interface SentGroup<Rs extends readonly unknown[]> extends Promise<GroupResult<Rs>> {
  get(options?: WaitOptions): Promise<Rs>;
}

export interface GroupFacts {
  readonly id: string;
  readonly results: readonly AsyncResult<unknown>[];
  readonly parent: AsyncResult<unknown> | null;
  /** what a member is called, where that is known */
  nameOf(taskId: string): string | null;
}

/** `result-tree.ts` makes handles with it. */
export function createGroupHandle<Rs extends readonly unknown[]>(
  source: HandleSource,
  { id, results, parent, nameOf }: GroupFacts,
): GroupResult<Rs> {
  const members = results.map((result) => memberOf(result, stepsBefore(parent)));
  const tasks = members.flatMap(tasksOf);
  const ids = tasks.map((task) => task.id);
  const subjectOf = (task: string) => ({ id: task, taskName: nameOf(task), known: true, revive: source.revive });
  const newTally = () => new GroupTally(members, subjectOf);

  /** Until `conclude` gives something, which it may at once. */
  async function wait<T>(options: WaitOptions | undefined, conclude: (tally: GroupTally) => T | undefined): Promise<T> {
    const tally = newTally();
    const ended = (end: Tidings) => (tally.note(end).length === 0 ? undefined : conclude(tally));
    const timedOut = (waitedMs: number, unreachable: unknown) =>
      new ResultTimeoutError(id, waitedMs, { unreachable, group: { ended: tally.ended, of: members.length } });
    return conclude(tally) ?? (await waitFor(source, { expected: tasks, ended, timedOut }, options ?? {}));
  }

  /** What the backend knows now. */
  async function look(): Promise<GroupTally> {
    const tally = newTally();
    const texts = await (await source.backend()).getMany(ids);
    for (const [index, text] of texts.entries()) {
      const task = ids[index]!;
      if (text !== null) tally.note({ id: task, text, state: statusOf(task, text) });
    }
    return tally;
  }

  const group: GroupResult<Rs> = {
    id,
    results: results as GroupResult<Rs>["results"],
    parent,
    async get({ forget, ...options } = {}) {
      const outcome = await group.settled(options);
      if (forget === true) await group.forget();
      if (outcome.state === "SUCCESS") return outcome.value;
      throw outcome.error;
    },
    settled: (options) => wait(options, (tally) => tally.conclude() as Outcome<Rs> | undefined),
    settledAll: (options) =>
      wait(options, (tally) => (tally.isOver ? (tally.outcomes() as Awaited<ReturnType<GroupResult<Rs>["settledAll"]>>) : undefined)),
    iterate: ({ ordered = false, signal } = {}) => streamOf(source, tasks, signal, () => memberEnds<Rs>(newTally(), ordered)),
    snapshot: async () => groupSnapshot<Rs>(id, await look()),
    watch: ({ signal } = {}) => streamOf(source, tasks, signal, () => groupChanges<Rs>(id, newTally())),
    state: async () => (await group.snapshot()).state,
    ready: async () => (await look()).isOver,
    successful: async () => (await look()).succeeded === members.length,
    failed: async () => (await look()).hasFailed,
    completedCount: async () => (await look()).succeeded,
    async save() {
      await (await source.backend()).saveGroup(groupRecord(source.settings, id, tupleOf(group)));
    },
    async forget() {
      const backend = await source.backend();
      await Promise.all([...results.map((result) => result.forget()), parent?.forget(), backend.forgetGroup(id)]);
    },
    abort: (reason) => abortTasks(source, ids, reason),
    revoke: (options) => revokeTasks(source, ids, options),
    children: async () => results,
    collect: (options) => collectFrom(group, options),
  };
  return Object.freeze(Object.defineProperty(group, Symbol.toStringTag, { value: "GroupResult" }));
}

/** `before`: the steps without which no member begins. */
function memberOf(result: AsyncResult<unknown>, before: readonly string[]): Member {
  const all = [...before, ...stepsBefore(result.parent)];
  return isGroupResult(result) ? { members: result.results.map((each) => memberOf(each, all)) } : { id: result.id, before: all };
}

/** Whether a parent, a child or a member is a group: TypeScript knows then what it has. */
export function isGroupResult(result: AsyncResult<unknown>): result is GroupResult<readonly unknown[]> {
  return "results" in result;
}

/** Celery's way to name a result, with what stands before it and what it consists of. */
function tupleOf(result: AsyncResult<unknown>): ResultTuple {
  const parent = result.parent === null ? null : tupleOf(result.parent);
  return [[result.id, parent], isGroupResult(result) ? result.results.map(tupleOf) : null];
}
