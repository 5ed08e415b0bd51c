/**
 * The commands of remote control: one table, under the names that Celery gives them on the wire. From it come the types of their arguments, their
 * validation, `celeriac inspect` and `celeriac control`, and docs/reference/control.md. Workers carry them out (`worker/src/control`).
 */
import { CeleriacError } from "./errors.ts";
import { shownValue } from "./setting.ts";

/** What an argument may be, and how it is read from a word of a command line. */
const kinds = {
  text: { expected: "a text", read: (value: unknown) => (typeof value === "string" ? value : undefined) },
  /** one, or a list */
  texts: {
    expected: "a text or a list of texts",
    read(value: unknown): readonly string[] | undefined {
      const all = Array.isArray(value) ? value : [value];
      return all.every((each) => typeof each === "string") ? all : undefined;
    },
  },
  whole: { expected: "a whole number", read: (value: unknown) => (Number.isSafeInteger(numberOf(value)) ? numberOf(value) : undefined) },
  number: { expected: "a number", read: (value: unknown) => (Number.isFinite(numberOf(value)) ? numberOf(value) : undefined) },
  flag: {
    expected: "true or false",
    read: (value: unknown) => (value === true || value === "true" ? true : value === false || value === "false" ? false : undefined),
  },
  textOrNumber: {
    expected: "a text or a number",
    read: (value: unknown) => (typeof value === "string" || typeof value === "number" ? value : undefined),
  },
  /** a list, or an object that has them as its keys */
  names: {
    expected: "a list of texts, or an object",
    read(value: unknown): readonly string[] | undefined {
      const all: readonly unknown[] = Array.isArray(value) ? value : isRecord(value) ? Object.keys(value) : [undefined];
      return all.every((each) => typeof each === "string") ? all : undefined;
    },
  },
  /** name → a value or a list of values; of a command line as name=value */
  stamps: {
    expected: "an object, or texts such as name=value",
    read(value: unknown): Readonly<Record<string, unknown>> | undefined {
      if (isRecord(value)) return value;
      const pairs = (Array.isArray(value) ? value : [value]).map((each) =>
        typeof each === "string" ? /^([^=]+)=(.*)$/s.exec(each) : null,
      );
      return pairs.every((pair) => pair !== null) ? valuesByName(pairs.map(([, name, given]) => [name!, given!])) : undefined;
    },
  },
  record: {
    expected: "an object",
    read: (value: unknown): Readonly<Record<string, unknown>> | undefined => (isRecord(value) ? value : undefined),
  },
} as const;

export type ArgumentKind = keyof typeof kinds;

export interface ArgumentRow {
  readonly kind: ArgumentKind;
  readonly doc: string;
  readonly required?: true;
}

export interface RemoteCommandRow {
  /** inspect: only asks; control: changes something */
  readonly kind: "inspect" | "control";
  readonly doc: string;
  /** by their names on the wire, in the order of a command line */
  readonly args: Readonly<Record<string, ArgumentRow>>;
  /** Celery's other names of it */
  readonly aliases?: readonly string[];
  /** Celery has it, and here there is nothing to do: why, which is the answer */
  readonly notApplicable?: string;
  /** false: is never answered, as in Celery */
  readonly answers?: false;
}

export const remoteCommands = {
  ping: { kind: "inspect", doc: "Answers pong.", args: {} },
  active: {
    kind: "inspect",
    doc: "The tasks that run.",
    args: { safe: { kind: "flag", doc: "Arguments as text, and not as they are." } },
    aliases: ["dump_active"],
  },
  reserved: {
    kind: "inspect",
    doc: "The tasks that the worker holds and that have not begun.",
    args: { safe: { kind: "flag", doc: "As of active." } },
    aliases: ["dump_reserved"],
  },
  scheduled: {
    kind: "inspect",
    doc: "The tasks that wait in the worker for their time: none, since they wait in the broker.",
    args: {},
    aliases: ["dump_schedule"],
  },
  query_task: {
    kind: "inspect",
    doc: "Whether the worker holds tasks, by id: active or reserved.",
    args: { ids: { kind: "texts", doc: "Ids of the tasks.", required: true } },
  },
  registered: {
    kind: "inspect",
    doc: "The names of the tasks that the worker can run.",
    args: { taskinfoitems: { kind: "texts", doc: "Options to be told with each, such as rate_limit." } },
    aliases: ["registered_tasks", "dump_tasks"],
  },
  stats: { kind: "inspect", doc: "Counts, pool, broker and resources of the worker.", args: {} },
  stacks: {
    kind: "inspect",
    doc: "What each executor of the pool runs, for how many seconds, and its JavaScript stack, even of one that never gives way. Python's workers do not know it.",
    args: {},
  },
  conf: {
    kind: "inspect",
    doc: "The app's settings that differ from their defaults, without secrets.",
    args: { with_defaults: { kind: "flag", doc: "All settings." } },
    aliases: ["dump_conf"],
  },
  clock: { kind: "inspect", doc: "The worker's logical clock.", args: {} },
  memsample: { kind: "inspect", doc: "The memory that the worker's main process has, as text.", args: {} },
  report: {
    kind: "inspect",
    doc: "What the worker is made of, as text: versions, system, app, tasks, and settings without secrets.",
    args: {},
  },
  memdump: {
    kind: "inspect",
    doc: "Samples of memory.",
    args: { samples: { kind: "whole", doc: "How many." } },
    notApplicable: "No samples of memory are taken: see memsample, and stats.",
  },
  objgraph: {
    kind: "inspect",
    doc: "A picture of Python's objects.",
    args: {},
    notApplicable: "There are no objects of Python: take a heap snapshot with Node's --heapsnapshot-signal.",
  },
  revoked: {
    kind: "inspect",
    doc: "The ids of tasks that the worker was told to revoke, and still remembers.",
    args: {},
    aliases: ["dump_revoked"],
  },
  hello: {
    kind: "inspect",
    doc: "What a worker that starts asks the others: it learns what they know to be revoked, and they what it knows.",
    args: {
      from_node: { kind: "text", doc: "Node name of who asks.", required: true },
      revoked: { kind: "names", doc: "Ids that it knows to be revoked." },
    },
  },
  revoke: {
    kind: "control",
    doc: "Keeps tasks from beginning, wherever they wait.",
    args: {
      task_id: { kind: "texts", doc: "Ids of the tasks.", required: true },
      terminate: { kind: "flag", doc: "Ends those that run." },
      signal: { kind: "textOrNumber", doc: "That their process is ended by; SIGTERM unless told." },
      abort: { kind: "text", doc: "Aborts the signal of those that run, with this reason. Python's workers pass over it." },
    },
  },
  terminate: {
    kind: "control",
    doc: "Ends tasks that run, and keeps them from beginning where they wait.",
    args: {
      signal: { kind: "textOrNumber", doc: "That their process is ended by.", required: true },
      task_id: { kind: "texts", doc: "Ids of the tasks.", required: true },
    },
  },
  revoke_by_stamped_headers: {
    kind: "control",
    doc: "As revoke, of all tasks that bear one of the stamps.",
    args: {
      headers: { kind: "stamps", doc: "Stamps: NAME=VALUE, any of which is enough.", required: true },
      terminate: { kind: "flag", doc: "As of revoke." },
      signal: { kind: "textOrNumber", doc: "As of revoke." },
    },
  },
  time_limit: {
    kind: "control",
    doc: "Sets the time limits of a task, for runs that come later, until the worker ends. A call's own limits win.",
    args: {
      task_name: { kind: "text", doc: "Name of the task.", required: true },
      soft: { kind: "number", doc: "Seconds; the app's unless told." },
      hard: { kind: "number", doc: "Seconds; the app's unless told." },
    },
  },
  rate_limit: {
    kind: "control",
    doc: "How often the worker lets a task begin, until it stops.",
    args: {
      task_name: { kind: "text", doc: "Name of the task.", required: true },
      rate_limit: { kind: "textOrNumber", doc: "10/s, 100/m, 1/h, or a number per second; 0 is no limit.", required: true },
    },
  },
  pool_grow: {
    kind: "control",
    doc: "More executors, or slots in the pools async and inline; where it autoscales, its range grows with it.",
    args: { n: { kind: "whole", doc: "How many more; 1 unless told." } },
  },
  pool_shrink: {
    kind: "control",
    doc: "Fewer executors, or slots: what runs ends.",
    args: { n: { kind: "whole", doc: "How many fewer; 1 unless told." } },
  },
  pool_restart: {
    kind: "control",
    doc: "Replaces the executors one after the other, so that code is loaded anew; what runs ends.",
    args: {
      modules: { kind: "texts", doc: "Passed over: all code is loaded anew." },
      reload: { kind: "flag", doc: "As modules." },
    },
  },
  autoscale: {
    kind: "control",
    doc: "Between how many executors, or slots, a worker that autoscales keeps its pool.",
    args: {
      max: { kind: "whole", doc: "At most; as it was unless told." },
      min: { kind: "whole", doc: "At least; as it was unless told." },
    },
  },
  active_queues: { kind: "inspect", doc: "The queues that the worker consumes.", args: {} },
  add_consumer: {
    kind: "control",
    doc: "Lets the worker consume one more queue.",
    args: {
      queue: { kind: "text", doc: "Name of the queue.", required: true },
      exchange: { kind: "text", doc: "That leads to it; one of its name unless told. What the app's taskQueues says of the queue wins." },
      exchange_type: { kind: "text", doc: "direct, topic, fanout or, on RabbitMQ, headers; direct unless told." },
      routing_key: { kind: "text", doc: "By which the exchange leads to it, or a topic's pattern; the queue's name unless told." },
    },
  },
  cancel_consumer: {
    kind: "control",
    doc: "Lets the worker consume a queue no more. What it holds of it goes on.",
    args: { queue: { kind: "text", doc: "Name of the queue.", required: true } },
  },
  shutdown: { kind: "control", doc: "Stops the worker warmly.", args: {}, answers: false },
  enable_events: { kind: "control", doc: "Tells monitors of tasks from now on, as -E does.", args: {} },
  disable_events: { kind: "control", doc: "Tells monitors nothing of tasks any more.", args: {} },
  loglevel: {
    kind: "control",
    doc: "Writes log lines from this level on, the tasks' own as well: debug, info, warning, error or silent.",
    args: { level: { kind: "text", doc: "The least level.", required: true } },
  },
  heartbeat: { kind: "control", doc: "Tells monitors at once that the worker is there.", args: {} },
  election: {
    kind: "control",
    doc: "An election among Celery's workers.",
    args: {},
    notApplicable: "Workers of Celeriac elect nobody; they hold leases.",
  },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;

export type RemoteCommandName = keyof typeof remoteCommands;
type NamesOf<K extends RemoteCommandRow["kind"]> = {
  [C in RemoteCommandName]: (typeof remoteCommands)[C]["kind"] extends K ? C : never;
}[RemoteCommandName];
export type InspectName = NamesOf<"inspect">;
export type ControlName = NamesOf<"control">;

type ValueOf<R extends ArgumentRow> = Exclude<ReturnType<(typeof kinds)[R["kind"]]["read"]>, undefined>;
type Values<T extends Readonly<Record<string, ArgumentRow>>> = {
  readonly [K in keyof T]: T[K] extends { readonly required: true } ? ValueOf<T[K]> : ValueOf<T[K]> | null;
};
/** What a command is carried out with; what was not given is null. */
export type RemoteArguments<C extends RemoteCommandName> = Values<(typeof remoteCommands)[C]["args"]>;

const byName: ReadonlyMap<string, RemoteCommandName> = new Map(
  Object.entries<RemoteCommandRow>(remoteCommands).flatMap(([name, { aliases = [] }]) =>
    [name, ...aliases].map((each) => [each, name as RemoteCommandName] as const),
  ),
);

/** The command that a name on the wire stands for. */
export function remoteCommandOf(name: string): RemoteCommandName | undefined {
  return byName.get(name);
}

/** Arguments as they came, checked; unknown ones are passed over, since a newer version may send them. Throws CONTROL_ARGUMENTS. */
export function readRemoteArguments(
  command: string,
  rows: Readonly<Record<string, ArgumentRow>>,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(rows).map(([name, { kind, required }]) => {
      const value = given[name] ?? null;
      if (value === null && required !== true) return [name, null];
      const read = value === null ? undefined : kinds[kind].read(value);
      if (read !== undefined) return [name, read];
      const came = value === null ? "it was not given" : `got ${shownValue(value)}`;
      throw new CeleriacError("CONTROL_ARGUMENTS", `${command}: ${name} is ${kinds[kind].expected}, ${came}`);
    }),
  );
}

/** A name that comes several times has a list. */
function valuesByName(pairs: readonly (readonly [name: string, value: string])[]): Readonly<Record<string, string | readonly string[]>> {
  const all = new Map<string, string[]>();
  for (const [name, value] of pairs) all.set(name, [...(all.get(name) ?? []), value]);
  return Object.fromEntries([...all].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number {
  if (typeof value === "string") return value.trim() === "" ? Number.NaN : Number(value);
  return typeof value === "number" ? value : Number.NaN;
}
