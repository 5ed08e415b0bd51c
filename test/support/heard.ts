/** Messages of the event exchange, as a history hears them. */
import type { HeardMessage } from "../../packages/flower/src/server/history/history.ts";

export interface ToldEvent extends Readonly<Record<string, unknown>> {
  readonly type: string;
}

/** One message with these events: a list, or one alone. */
export function heard(...events: readonly ToldEvent[]): HeardMessage {
  const content = events.length === 1 ? events[0] : events;
  return { body: Buffer.from(JSON.stringify(content)), headers: {}, contentType: "application/json" };
}

let clock = 0;

/** An event of a task; what is not given is what a worker of Celery's would say. */
export function taskEvent(subject: string, uuid: string, timestamp: number, fields: Readonly<Record<string, unknown>> = {}): ToldEvent {
  clock += 1;
  const hostname = subject === "sent" ? "gen1@box" : "w1@box";
  return { type: `task-${subject}`, uuid, hostname, timestamp, clock, utcoffset: 0, pid: 1, ...fields };
}

/** A worker's sign of life. */
export function workerEvent(
  subject: string,
  hostname: string,
  timestamp: number,
  fields: Readonly<Record<string, unknown>> = {},
): ToldEvent {
  clock += 1;
  const facts = { freq: 2, active: 0, processed: 0, loadavg: [0.1, 0.2, 0.3], sw_ident: "py-celery", sw_ver: "5.6.3", sw_sys: "Linux" };
  return { type: `worker-${subject}`, hostname, timestamp, clock, utcoffset: 0, pid: 1, ...facts, ...fields };
}

/** All that is told of a task that went well, in half a second from `at` on. */
export function success(uuid: string, at: number, facts: Readonly<Record<string, unknown>> = {}): readonly ToldEvent[] {
  const { queue = "celery", result = "3", runtime = 0.25, hostname, ...told } = facts;
  const by = hostname === undefined ? {} : { hostname };
  const call = {
    name: "tasks.add",
    args: "(1, 2)",
    kwargs: "{}",
    root_id: uuid,
    parent_id: null,
    retries: 0,
    eta: null,
    expires: null,
    ...told,
  };
  return [
    taskEvent("sent", uuid, at, { ...call, queue, exchange: "", routing_key: queue }),
    taskEvent("received", uuid, at + 0.1, { ...call, ...by }),
    taskEvent("started", uuid, at + 0.2, by),
    taskEvent("succeeded", uuid, at + 0.5, { result, runtime, ...by }),
  ];
}
