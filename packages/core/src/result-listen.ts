/** Hears of tasks until they end: of one, or of all members of a group at once. What waits and what watches stands on this. */
import type { ResultBackend, ResultSubscription } from "./backend.ts";
import type { Clock } from "./clock.ts";
import { readResult } from "./result-meta.ts";
import { isFinal } from "./states.ts";

/** What handles ask of a backend. */
export type HandleBackend = Pick<
  ResultBackend,
  "connect" | "get" | "getMany" | "subscribe" | "forget" | "saveGroup" | "restoreGroup" | "forgetGroup"
>;

/** What waiting needs of the app. */
export interface ResultSource {
  readonly clock: Clock;
  /** Throws RESULT_DISABLED where there is none, APP_CLOSED. */
  backend(): Promise<HandleBackend>;
  /** Everybody who waits, to be told when the app closes. */
  readonly waits: Set<(closed: Error) => void>;
}

/** A task that is to end: by itself, or with a step before it in its chain that has failed, because then it never begins. */
export interface Expected {
  readonly id: string;
  /** ids of these steps */
  readonly before: readonly string[];
}

/** A text that was stored, and the state it tells of. */
export interface Tidings {
  readonly id: string;
  readonly text: string;
  readonly state: string;
}

export interface Listener {
  /** Each change, the final state of a task last: its own, or that of the step before it with which it has ended. */
  told(tidings: Tidings): void;
  /** What a backend does not heal by itself. */
  failed(error: unknown): void;
}

export interface Listening extends ResultSubscription {
  /** Resolves when all that was there already has been told; never rejects. */
  readonly begun: Promise<void>;
}

/** Tells nothing before it has returned. A task that has ended is listened to no longer. */
export function listenTo(backend: Pick<ResultBackend, "subscribe">, expected: readonly Expected[], listener: Listener): Listening {
  const open = new Set(expected.map(({ id }) => id));
  const after = followers(expected);
  const closers = new Map<string, () => void>();
  /** of whom nothing more is wanted; it may be told before the subscription is there */
  const done = new Set<string>();
  let isClosed = false;

  function leave(id: string): void {
    done.add(id);
    closers.get(id)?.();
    closers.delete(id);
  }

  function end(id: string, text: string, state: string): void {
    leave(id);
    if (open.delete(id)) listener.told({ id, text, state });
  }

  function heard(id: string, text: string): void {
    if (isClosed) return;
    try {
      const state = statusOf(id, text);
      if (isFinal(state)) end(id, text, state);
      else if (open.has(id)) listener.told({ id, text, state });
      if (state === "FAILURE" || state === "REVOKED") for (const later of after.get(id) ?? []) end(later, text, state);
    } catch (error) {
      listener.failed(error);
    }
  }

  async function subscribe(id: string): Promise<void> {
    // A microtask later, so that whoever is told has what this function returns.
    await Promise.resolve();
    if (isClosed || done.has(id)) return;
    const subscribing = backend.subscribe(id, (text) => heard(id, text));
    closers.set(id, () => void subscribing.then((subscription) => subscription.close()).catch(() => {}));
    if (isClosed || done.has(id)) leave(id);
    await subscribing.catch((error: unknown) => listener.failed(error));
  }

  const begun = Promise.all([...new Set([...open, ...after.keys()])].map(subscribe)).then(() => {});
  return {
    begun,
    close() {
      isClosed = true;
      for (const id of [...closers.keys()]) leave(id);
    },
  };
}

/** step → the tasks that end with its failure */
function followers(expected: readonly Expected[]): ReadonlyMap<string, readonly string[]> {
  const after = new Map<string, string[]>();
  for (const { id, before } of expected) {
    for (const step of before) {
      const others = after.get(step);
      if (others === undefined) after.set(step, [id]);
      else others.push(id);
    }
  }
  return after;
}

/** Throws RESULT_UNREADABLE. */
export function statusOf(id: string, text: string): string {
  return /^\s*\{\s*"status":\s*"([A-Z_]+)"/.exec(text)?.[1] ?? readResult(id, text).status;
}
