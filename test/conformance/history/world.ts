/** What the parts of the suite of histories have in common: one history for all tests that tell apart what is their own, and others where they need one. */
import { afterAll, beforeAll } from "vitest";
import type { History, TaskQuery } from "../../../packages/flower/src/server/history/history.ts";
import type { HistoryOptions } from "../../../packages/flower/src/server/history/open-history.ts";
import { parseSearch } from "../../../packages/flower/src/server/search/parse.ts";
import { heard, success, type ToldEvent } from "../../support/heard.ts";

export interface HistoryWorld {
  open(options?: Partial<HistoryOptions>): Promise<History>;
  /** true: it is there when it is opened again, and two may have it open at once */
  readonly isKept: boolean;
  close(): Promise<void>;
}

export interface HistorySuite {
  /** of all tests that tell apart what is their own */
  readonly history: History;
  /** A world for one test; what it opens is closed at the end. */
  openOwn(): Promise<HistoryWorld>;
  /** Tells `history`, and waits until it is written. */
  tell(...events: readonly ToldEvent[]): Promise<void>;
  /** The ids of a page of `history`. */
  uuids(query?: Partial<TaskQuery>): Promise<readonly string[]>;
  /** a0 … a9, b0 … b9, each a second after the one before: the first tasks that it hears of */
  twenty(): Promise<void>;
}

export const base: TaskQuery = { sort: "timestamp", descending: true, limit: 50, from: 0 };
export const now = Date.now() / 1_000 - 60;

export function startSuite(openWorld: () => Promise<HistoryWorld>): HistorySuite {
  let history: History;
  const closing: (() => Promise<void>)[] = [];
  async function openOwn(): Promise<HistoryWorld> {
    const world = await openWorld();
    closing.push(() => world.close());
    const open: HistoryWorld["open"] = async (options) => {
      const opened = await world.open(options);
      closing.push(() => opened.close());
      return opened;
    };
    return { ...world, open };
  }
  beforeAll(async () => {
    history = await (await openOwn()).open();
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });
  return {
    get history() {
      return history;
    },
    openOwn,
    tell: (...events) => tellTo(history, ...events),
    uuids: (query = {}) => uuidsIn(history, query),
    async twenty() {
      if ((await history.facts()).tasks > 0) return;
      for (let at = 0; at < 20; at += 1) {
        const kind = at < 10 ? "a" : "b";
        const facts = { name: `tasks.${kind}`, queue: at % 2 === 0 ? "even" : "odd", hostname: `w${at % 3}@box`, runtime: (at * 7) % 20 };
        history.hear(
          heard(...success(`${kind}${at % 10}`, now + at, { ...facts, args: `('word${at}', 1)`, kwargs: `{'n': ${at}, 'who': 'Ann'}` })),
        );
      }
      await history.settled();
    },
  };
}

export async function uuidsIn(of: History, query: Partial<TaskQuery> = {}): Promise<readonly string[]> {
  return (await of.tasks({ ...base, ...query })).tasks.map(({ uuid }) => uuid);
}

export async function tellTo(of: History, ...events: readonly ToldEvent[]): Promise<void> {
  for (const event of events) of.hear(heard(event));
  await of.settled();
}

export function search(text: string): Pick<TaskQuery, "search"> {
  return { search: parseSearch(text) ?? undefined };
}
