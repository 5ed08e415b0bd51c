/** Searches look through many rows, one behind the other: so many at once, and no more, or whoever asks for a page would wait for all of them. */
import { Refusal } from "../access.ts";
import type { History, TaskFilter } from "../history/history.ts";

/** `most`: of lists and of counts, each. One more is a Refusal 503. */
export function withSearchLimit(history: History, most: number): History {
  const limited = { lists: 0, counts: 0 };
  async function inTurn<T>(kind: keyof typeof limited, { search }: TaskFilter, ask: () => Promise<T>): Promise<T> {
    if (search === undefined) return await ask();
    if (limited[kind] >= most) throw new Refusal(503, `${most} searches are under way already: search again in a moment`);
    limited[kind]++;
    try {
      return await ask();
    } finally {
      limited[kind]--;
    }
  }
  return {
    ...history,
    tasks: (query) => inTurn("lists", query, () => history.tasks(query)),
    count: (filter, counted) => inTurn("counts", filter, () => history.count(filter, counted)),
  };
}
