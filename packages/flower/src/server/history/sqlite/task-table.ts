/** Tasks of the file, and what was heard of each. Every writing function runs inside the caller's transaction. */
import type { Connection } from "@celeriac/core/runtime";
import { keptFields } from "../event-fields.ts";
import type { HeardTaskEvent } from "../heard-event.ts";
import { type KeptTask, mostRecent, RecentTasks } from "../recent-tasks.ts";
import { mostChildren } from "../store.ts";
import type { TaskEvent, TaskRecord } from "../task-record.ts";
import { columnNames, recordOf, valuesOf } from "../task-row.ts";

export interface TaskTable {
  /** One of those that were loaded, or put since. */
  get(uuid: string): TaskRecord | null;
  /** Begins a transaction on these. `isStale`: another process has written, so what was kept in memory counts no more. */
  load(uuids: ReadonlySet<string>, isStale: boolean): void;
  put(uuid: string, record: TaskRecord): void;
  /** false: it is there. Of a task that is not yet, it makes room for it. */
  log(event: HeardTaskEvent): boolean;
  /** Forgets what the transaction did, which was rolled back. */
  forget(): void;
  /** How many tasks and events were added since it was asked before. */
  takeAdded(): { readonly tasks: number; readonly events: number };
}

export function openTaskTable(connection: Connection): TaskTable {
  const names = columnNames.join(", ");
  const some = connection.query(`select id, ${names} from task where uuid in (select value from json_each(?))`);
  const insert = connection.query(`insert into task (id, ${names}) values (?, ${columnNames.map(() => "?").join(", ")})`);
  const update = connection.query(`update task set ${columnNames.map((name) => `${name} = ?`).join(", ")} where id = ?`);
  const highest = connection.query("select ifnull(max(id), 0) from task");
  const addEvent = connection.query(
    "insert or ignore into event (task, timestamp, subject, clock, hostname, fields) values (?, ?, ?, ?, ?, ?)",
  );
  const recent = new RecentTasks(mostRecent);
  /** of this transaction */
  const present = new Map<string, KeptTask>();
  /** of this transaction, not in the file yet */
  const ids = new Map<string, number>();
  let nextId: number | null = null;
  let added = { tasks: 0, events: 0 };

  function newId(): number {
    nextId ??= Number(highest.all([])[0]![0]) + 1;
    const id = nextId;
    nextId += 1;
    return id;
  }

  function idOf(uuid: string): number {
    const known = present.get(uuid)?.id ?? ids.get(uuid);
    if (known !== undefined) return known;
    const id = newId();
    ids.set(uuid, id);
    return id;
  }

  return {
    get: (uuid) => present.get(uuid)?.record ?? null,
    load(uuids, isStale) {
      if (isStale) {
        recent.clear();
        nextId = null;
      }
      present.clear();
      const unread: string[] = [];
      for (const uuid of uuids) {
        const kept = recent.get(uuid);
        if (kept === undefined) unread.push(uuid);
        else present.set(uuid, kept);
      }
      if (unread.length === 0) return;
      for (const [id, ...row] of some.all([JSON.stringify(unread)])) {
        const record = recordOf(row);
        present.set(record.uuid, { id: Number(id), record });
      }
    },
    put(uuid, record) {
      const id = idOf(uuid);
      if (ids.delete(uuid)) {
        insert.run([id, ...valuesOf(record)]);
        added.tasks += 1;
      } else update.run([...valuesOf(record), id]);
      present.set(uuid, { id, record });
      recent.set({ id, record });
    },
    log({ uuid, timestamp, subject, clock, hostname, fields }) {
      const isAdded = addEvent.run([idOf(uuid), timestamp, subject, clock, hostname, keptFields(fields)]) > 0;
      if (isAdded) added.events += 1;
      return isAdded;
    },
    forget() {
      recent.clear();
      present.clear();
      ids.clear();
      nextId = null;
      added = { tasks: 0, events: 0 };
    },
    takeAdded() {
      const taken = added;
      added = { tasks: 0, events: 0 };
      return taken;
    },
  };
}

/** What is read of tasks one by one. */
export interface TaskReading {
  task(uuid: string): TaskRecord | null;
  children(uuid: string): readonly string[];
  events(uuid: string): readonly TaskEvent[];
}

export function openTaskReading(connection: Connection): TaskReading {
  const names = columnNames.join(", ");
  const one = connection.query(`select ${names} from task where uuid = ?`);
  const children = connection.query(`select uuid from task where parent_id = ? order by id limit ${mostChildren}`);
  const events = connection.query(
    `select subject, timestamp, hostname, clock, fields from event where task = (select id from task where uuid = ?) order by timestamp, clock`,
  );
  return {
    task(uuid) {
      const [row] = one.all([uuid]);
      return row === undefined ? null : recordOf(row);
    },
    children: (uuid) => children.all([uuid]).map(([child]) => String(child)),
    events: (uuid) =>
      events.all([uuid]).map(([subject, timestamp, hostname, clock, fields]) => ({
        type: `task-${subject}`,
        timestamp: Number(timestamp),
        hostname: String(hostname),
        clock: Number(clock),
        fields: fields === null ? {} : (JSON.parse(String(fields)) as Record<string, unknown>),
      })),
  };
}
