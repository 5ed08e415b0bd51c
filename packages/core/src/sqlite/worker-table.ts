/** Who works on the file: one row and one held lock file for each incarnation. Every writing function runs inside the caller's transaction. */
import type { Connection } from "./connection.ts";
import type { LockFiles } from "./lock-file.ts";

type Wish = "waiting" | "watching";

export interface WorkerTable {
  /** A new incarnation, whose lock is held before others can see it. */
  register(name: string): number;
  isKnown(inc: number): boolean;
  /** false: somebody else removed it before. */
  remove(inc: number): boolean;
  all(): readonly number[];
  /** `waiting`: wants to be woken for messages; `watching`: for results. */
  mark(inc: number, column: Wish, on: boolean): void;
  /** What incarnations of other processes wait for. */
  othersWait(): Readonly<Record<Wish, boolean>>;
}

export function openWorkerTable(connection: Connection, locks: LockFiles): WorkerTable {
  const insert = connection.query("insert into worker (name, pid) values (?, ?) returning inc");
  const isKnown = connection.query("select 1 from worker where inc = ?");
  const remove = connection.query("delete from worker where inc = ?");
  const all = connection.query("select inc from worker order by inc");
  const marks = {
    waiting: connection.query("update worker set waiting = ? where inc = ?"),
    watching: connection.query("update worker set watching = ? where inc = ?"),
  };
  const wanting = connection.query("select inc, waiting, watching from worker where waiting or watching");
  return {
    register(name) {
      for (;;) {
        const inc = Number(insert.all([name, process.pid])[0]![0]);
        if (locks.hold(inc)) return inc;
        // Numbers start anew in a new file, and a process that still has the old one open may hold this one: it is skipped.
        remove.run([inc]);
      }
    },
    isKnown: (inc) => isKnown.all([inc]).length > 0,
    remove: (inc) => remove.run([inc]) > 0,
    all: () => all.all([]).map(([inc]) => inc as number),
    mark: (inc, column, on) => void marks[column].run([on ? 1 : 0, inc]),
    othersWait() {
      const others = wanting.all([]).filter(([inc]) => !locks.holds(inc as number));
      return {
        waiting: others.some(([, waiting]) => waiting === 1),
        watching: others.some(([, , watching]) => watching === 1),
      };
    },
  };
}
