/** The queues out of which nothing is taken. Claims look here themselves. Every writing function runs inside the caller's transaction. */
import type { Connection } from "./connection.ts";

export interface PauseTable {
  add(queue: string): void;
  /** false: it was not paused. */
  remove(queue: string): boolean;
  all(): readonly string[];
}

export function openPauseTable(connection: Connection): PauseTable {
  const insert = connection.query("insert or ignore into paused (queue) values (?)");
  const remove = connection.query("delete from paused where queue = ?");
  const all = connection.query("select queue from paused order by queue");
  return {
    add: (queue) => void insert.run([queue]),
    remove: (queue) => remove.run([queue]) > 0,
    all: () => all.all([]).map(([queue]) => queue as string),
  };
}
