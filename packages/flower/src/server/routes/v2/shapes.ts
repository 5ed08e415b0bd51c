/** The shapes of the contract as JSON Schema, for the OpenAPI document: each is held to its type, so that neither has a key the other has not. */
import type {
  ActionOffer,
  ActionReport,
  AuditEntry,
  AuditList,
  Banner,
  Overview,
  Problem,
  QueueList,
  QueueRow,
  Series,
  SeriesPoint,
  SessionView,
  TaskList,
  TaskRow,
  TaskTypes,
  TaskView,
  WorkerList,
  WorkerRow,
  WorkerView,
} from "../../../shared/contract.ts";
import type { DagInstance, DagList, DagRow, DagRunRow, DagRunView, DagTask, DagTry, DagView } from "../../../shared/dag-contract.ts";

export type Schema = Readonly<Record<string, unknown>>;

const text = { type: "string" } as const;
const number = { type: "number" } as const;
const whole = { type: "integer" } as const;
const flag = { type: "boolean" } as const;
const object = { type: "object", additionalProperties: true } as const;
const time = { type: "number", description: "epoch seconds" } as const;

const orNull = (schema: { readonly type: string }): Schema => ({ ...schema, type: [schema.type, "null"] });
const list = (items: Schema): Schema => ({ type: "array", items });
const listOrNull = (items: Schema): Schema => ({ type: ["array", "null"], items });
const oneOf = (...choices: readonly string[]): Schema => ({ type: "string", enum: choices });
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** `optional`: keys that may be absent. */
function shape<T>(properties: { readonly [K in keyof Required<T>]: Schema }, optional: readonly (keyof T)[] = []): Schema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key as keyof T));
  return { type: "object", additionalProperties: false, required, properties };
}

const taskRow: { readonly [K in keyof Required<TaskRow>]: Schema } = {
  uuid: text,
  name: orNull(text),
  state: text,
  args: orNull(text),
  kwargs: orNull(text),
  result: orNull(text),
  exception: orNull(text),
  sent: orNull(time),
  received: orNull(time),
  started: orNull(time),
  ended: orNull(time),
  runtime: orNull(number),
  wait: orNull(number),
  worker: orNull(text),
  queue: orNull(text),
  exchange: orNull(text),
  routingKey: orNull(text),
  retries: whole,
  eta: orNull(text),
  expires: orNull(text),
  timestamp: time,
  lost: flag,
};

const dagHead: { readonly [K in keyof Omit<DagRow, "runs">]: Schema } = {
  id: text,
  schedule: orNull(text),
  tags: list(text),
  paused: flag,
  nextRun: orNull(time),
  seen: time,
  taskCount: whole,
};

const dagRunRow: { readonly [K in keyof DagRunRow]: Schema } = {
  id: text,
  type: text,
  state: text,
  logicalDate: time,
  created: time,
  started: orNull(time),
  ended: orNull(time),
};

const workerRow: { readonly [K in keyof Required<WorkerRow>]: Schema } = {
  name: text,
  online: flag,
  active: whole,
  slots: orNull(whole),
  processed: whole,
  succeeded: whole,
  failed: whole,
  retried: whole,
  loadavg: list(number),
  software: orNull(text),
  pid: orNull(whole),
  heardAt: time,
  queues: listOrNull(text),
};

const offer = ref("ActionOffer");

export const shapes = {
  SessionView: shape<SessionView>({
    user: orNull(text),
    role: oneOf("viewer", "operator", "admin"),
    readOnly: orNull(text),
    logins: list(shape<SessionView["logins"][number]>({ title: text, href: text })),
    options: shape<SessionView["options"]>({
      tasksColumns: list(text),
      autoRefresh: flag,
      naturalTime: flag,
      timeZone: text,
      environment: orNull(text),
    }),
    dags: flag,
    version: text,
  }),
  Banner: shape<Banner>({
    kind: oneOf("broker-away", "no-events", "memory-only", "history-set-aside", "history-trouble", "events-dropped", "open-to-all"),
    text,
    since: orNull(time),
  }),
  TaskRow: shape<TaskRow>(taskRow),
  TaskList: shape<TaskList>({
    rows: list(ref("TaskRow")),
    next: orNull(text),
    total: shape<TaskList["total"]>({ count: whole, exact: flag }),
    searched: orNull(whole),
  }),
  ActionOffer: shape<ActionOffer>({ refusal: orNull(text) }),
  TaskView: shape<TaskView>({
    ...taskRow,
    traceback: orNull(text),
    rootId: orNull(text),
    parentId: orNull(text),
    children: list(text),
    client: orNull(text),
    events: list(shape<TaskView["events"][number]>({ type: text, timestamp: time, hostname: text, fields: object })),
    actions: shape<TaskView["actions"]>({ retry: offer, revoke: offer, terminate: offer, abort: offer }),
  }),
  ActionReport: shape<ActionReport>(
    {
      message: text,
      taskId: text,
      workers: {
        type: "object",
        additionalProperties: { oneOf: [shape<{ ok: string }>({ ok: text }), shape<{ error: string }>({ error: text })] },
      },
    },
    ["taskId", "workers"],
  ),
  Problem: shape<Problem>({ error: text, code: text }, ["code"]),
  TaskTypes: shape<TaskTypes>({ names: list(text) }),
  WorkerRow: shape<WorkerRow>(workerRow),
  WorkerList: shape<WorkerList>({ rows: list(ref("WorkerRow")) }),
  WorkerView: shape<WorkerView>({
    ...workerRow,
    inspectedAt: orNull(time),
    stats: orNull(object),
    activeQueues: listOrNull(object),
    registered: listOrNull(text),
    activeTasks: listOrNull(object),
    reserved: listOrNull(object),
    scheduled: listOrNull(object),
    revoked: listOrNull(text),
    conf: orNull(object),
  }),
  SeriesPoint: shape<SeriesPoint>({
    at: time,
    received: whole,
    succeeded: whole,
    failed: whole,
    retried: whole,
    revoked: whole,
    waitP50: orNull(number),
    waitP95: orNull(number),
    runP50: orNull(number),
    runP95: orNull(number),
    runP99: orNull(number),
  }),
  Series: shape<Series>({ step: whole, points: list(ref("SeriesPoint")) }),
  QueueRow: shape<QueueRow>({ name: text, messages: orNull(whole), oldest: orNull(number), consumers: whole, paused: flag }),
  QueueList: shape<QueueList>({ rows: list(ref("QueueRow")) }),
  Overview: shape<Overview>({
    workers: shape<Overview["workers"]>({ online: whole, offline: whole, active: whole, slots: orNull(whole) }),
    throughput: number,
    failureRate: orNull(number),
    queues: list(ref("QueueRow")),
    series: ref("Series"),
    failing: list(shape<Overview["failing"][number]>({ name: text, failed: whole, ended: whole, lastException: orNull(text) })),
    banners: list(ref("Banner")),
  }),
  DagRunRow: shape<DagRunRow>(dagRunRow),
  DagRow: shape<DagRow>({ ...dagHead, runs: list(ref("DagRunRow")) }),
  DagList: shape<DagList>({ rows: list(ref("DagRow")) }),
  DagTask: shape<DagTask>({ id: text, group: orNull(text), operator: text, upstream: list(text), triggerRule: text }),
  DagView: shape<DagView>({
    ...dagHead,
    tasks: list(ref("DagTask")),
    runs: list(shape<DagView["runs"][number]>({ ...dagRunRow, cells: object })),
  }),
  DagTry: shape<DagTry>({
    number: whole,
    state: text,
    hostname: orNull(text),
    started: orNull(time),
    ended: time,
    reason: orNull(text),
  }),
  DagInstance: shape<DagInstance>({
    task: text,
    mapIndex: whole,
    state: text,
    tryNumber: whole,
    maxTries: whole,
    queue: orNull(text),
    pool: text,
    weight: whole,
    hostname: orNull(text),
    queued: orNull(time),
    started: orNull(time),
    ended: orNull(time),
    next: orNull(time),
    reason: orNull(text),
    tries: list(ref("DagTry")),
  }),
  DagRunView: shape<DagRunView>({
    ...dagRunRow,
    dag: text,
    params: object,
    backfill: orNull(text),
    tasks: list(ref("DagTask")),
    instances: list(ref("DagInstance")),
  }),
  AuditEntry: shape<AuditEntry>({
    at: time,
    user: text,
    address: text,
    action: text,
    target: text,
    refusal: orNull(text),
    details: object,
  }),
  AuditList: shape<AuditList>({ rows: list(ref("AuditEntry")), next: orNull(time) }),
} as const;

export type ShapeName = keyof typeof shapes;
