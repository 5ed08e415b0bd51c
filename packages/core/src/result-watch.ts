/** Results as they change, as iterables: of one task, or of the members of a group. They can be left at any moment, and a closing app ends them all. */
import { type Expected, type Listening, listenTo, type ResultSource, type Tidings } from "./result-listen.ts";
import { isFinal } from "./states.ts";

/** What makes of tidings what is shown. */
export interface Show<S> {
  /** All that has been told since the last time; the first time all that was there already, which may be nothing. */
  take(tidings: readonly Tidings[]): Iterable<S>;
  /** Nothing more is to be shown. */
  isOver(): boolean;
}

/** `show` is called for each iteration: what it gives belongs to that one. */
export function streamOf<S>(
  source: ResultSource,
  expected: readonly Expected[],
  signal: AbortSignal | undefined,
  show: () => Show<S>,
): AsyncIterable<S> {
  return {
    [Symbol.asyncIterator]() {
      const inbox = new Inbox();
      const shown = follow(source, expected, signal, show(), inbox);
      return {
        next: () => shown.next(),
        // A generator that waits could not be ended from outside: it is woken first.
        return() {
          inbox.end();
          return shown.return(undefined);
        },
      };
    },
  };
}

/** What `read` makes of each text, null (nothing stored) first unless there is one; ends after a final state, or when `signal` aborts. */
export function watchChanges<S extends { readonly state: string }>(
  source: ResultSource,
  expected: Expected,
  read: (text: string | null) => S,
  signal: AbortSignal | undefined,
): AsyncIterable<S> {
  return streamOf(source, [expected], signal, () => {
    let isOver = false;
    return {
      *take(tidings) {
        if (tidings.length === 0) yield read(null);
        for (const { text, state } of tidings) {
          isOver = isFinal(state);
          yield read(text);
        }
      },
      isOver: () => isOver,
    };
  });
}

/** What is told to one who looks elsewhere. */
class Inbox {
  #tidings: Tidings[] = [];
  isOver = false;
  failure: unknown = null;
  #wake = () => {};

  readonly add = (tidings: Tidings): void => {
    this.#tidings.push(tidings);
    this.#wake();
  };

  readonly end = (): void => {
    this.isOver = true;
    this.#wake();
  };

  readonly fail = (error: unknown): void => {
    if (!this.isOver) this.failure = error;
    this.end();
  };

  takeAll(): readonly Tidings[] {
    const all = this.#tidings;
    this.#tidings = [];
    return all;
  }

  /** Resolves when there is something to look at; at once if there is already. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.isOver || this.#tidings.length > 0) resolve();
    });
  }
}

async function* follow<S>(
  source: ResultSource,
  expected: readonly Expected[],
  signal: AbortSignal | undefined,
  { take, isOver }: Show<S>,
  inbox: Inbox,
): AsyncGenerator<S, undefined> {
  if (signal?.aborted === true) return;
  const backend = await source.backend();
  source.waits.add(inbox.fail);
  signal?.addEventListener("abort", inbox.end, { once: true });
  let listening: Listening | null = null;
  try {
    listening = listenTo(backend, expected, { told: inbox.add, failed: inbox.fail });
    await listening.begun;
    while (!inbox.isOver) {
      for (const shown of take(inbox.takeAll())) {
        yield shown;
        if (inbox.isOver) break;
      }
      if (isOver()) return;
      await inbox.arrival();
    }
    if (inbox.failure !== null) throw inbox.failure;
  } finally {
    listening?.close();
    source.waits.delete(inbox.fail);
    signal?.removeEventListener("abort", inbox.end);
  }
}
