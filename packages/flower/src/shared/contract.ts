/**
 * Every JSON shape of `/api/v2`, the only thing that server and web page share. Times are epoch seconds, lengths of time are seconds, null means that
 * nobody knows. Paths stand below the monitor's URL prefix.
 */

/** GET api/v2/session: who is asking, and what they may. */
export interface SessionView {
  /** null: nobody had to log in */
  readonly user: string | null;
  readonly role: Role;
  /** Why nothing can be changed from here; null: it can, as far as the role goes. */
  readonly readOnly: string | null;
  /** how one may log in, where one is not */
  readonly logins: readonly { readonly title: string; readonly href: string }[];
  readonly options: {
    /** column names in their order (`tasks_columns`) */
    readonly tasksColumns: readonly string[];
    readonly autoRefresh: boolean;
    /** "3 minutes ago" rather than the time */
    readonly naturalTime: boolean;
    /** IANA name of `celery timezone` */
    readonly timeZone: string;
    /** shown on every page: "production" */
    readonly environment: string | null;
  };
  /** whether DAGs are kept where it looks */
  readonly dags: boolean;
  /** version of Celeriac */
  readonly version: string;
}

/** May look on; may do what a worker's operator does; may do all. */
export type Role = "viewer" | "operator" | "admin";

/** What is wrong with the monitor itself, or with what it watches: shown above every page. */
export interface Banner {
  readonly kind: "broker-away" | "no-events" | "memory-only" | "history-set-aside" | "history-trouble" | "events-dropped" | "open-to-all";
  /** a sentence */
  readonly text: string;
  readonly since: number | null;
}

/** One row of a list of tasks. Texts are cut to 256 characters. */
export interface TaskRow {
  readonly uuid: string;
  readonly name: string | null;
  readonly state: string;
  readonly args: string | null;
  readonly kwargs: string | null;
  readonly result: string | null;
  readonly exception: string | null;
  readonly sent: number | null;
  readonly received: number | null;
  readonly started: number | null;
  /** when it ended */
  readonly ended: number | null;
  readonly runtime: number | null;
  /** between received (or sent) and started */
  readonly wait: number | null;
  readonly worker: string | null;
  readonly queue: string | null;
  readonly exchange: string | null;
  readonly routingKey: string | null;
  readonly retries: number;
  readonly eta: string | null;
  readonly expires: string | null;
  /** of the newest event */
  readonly timestamp: number;
  /** its worker is gone and nobody has stored an outcome */
  readonly lost: boolean;
}

/** GET api/v2/tasks?state=&name=&worker=&queue=&from=&to=&search=&sort=-timestamp&limit=50&after= */
export interface TaskList {
  readonly rows: readonly TaskRow[];
  /** to pass as `after`; null: there is no more */
  readonly next: string | null;
  /** how many fit; `exact: false`: at least so many */
  readonly total: { readonly count: number; readonly exact: boolean };
  /** A search that took too long looked at so many of the newest only. */
  readonly searched: number | null;
}

/** GET api/v2/tasks/:uuid */
export interface TaskView extends TaskRow {
  /** not cut, up to 64 KiB */
  readonly traceback: string | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly children: readonly string[];
  readonly client: string | null;
  readonly events: readonly { readonly type: string; readonly timestamp: number; readonly hostname: string; readonly fields: object }[];
  readonly actions: {
    readonly retry: ActionOffer;
    readonly revoke: ActionOffer;
    readonly terminate: ActionOffer;
    readonly abort: ActionOffer;
  };
}

/** `refusal`: why it cannot be done now, a sentence; null: it can. */
export interface ActionOffer {
  readonly refusal: string | null;
}

/** POST api/v2/tasks/:uuid/{retry,revoke,terminate,abort}, api/v2/workers/:name/{shutdown,pool-restart,…} */
export interface ActionReport {
  /** "Revoked" */
  readonly message: string;
  /** of retry: the new task */
  readonly taskId?: string;
  /** what each worker answered; a worker that did not is not in it */
  readonly workers?: Readonly<Record<string, { readonly ok: string } | { readonly error: string }>>;
}

/** Body of every answer that is no success. */
export interface Problem {
  readonly error: string;
  /** code, as in docs/errors.md, where there is one */
  readonly code?: string;
}

/** GET api/v2/types: names of tasks that were ever seen, sorted */
export interface TaskTypes {
  readonly names: readonly string[];
}

export interface WorkerRow {
  readonly name: string;
  readonly online: boolean;
  readonly active: number;
  /** how many it can run at once; null: it has not said */
  readonly slots: number | null;
  readonly processed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retried: number;
  readonly loadavg: readonly number[];
  readonly software: string | null;
  readonly pid: number | null;
  readonly heardAt: number;
  readonly queues: readonly string[] | null;
}

/** GET api/v2/workers */
export interface WorkerList {
  readonly rows: readonly WorkerRow[];
}

/** GET api/v2/workers/:name: what it last answered to `inspect`; null: not yet. */
export interface WorkerView extends WorkerRow {
  /** when it last answered */
  readonly inspectedAt: number | null;
  readonly stats: Readonly<Record<string, unknown>> | null;
  readonly activeQueues: readonly Readonly<Record<string, unknown>>[] | null;
  readonly registered: readonly string[] | null;
  readonly activeTasks: readonly Readonly<Record<string, unknown>>[] | null;
  readonly reserved: readonly Readonly<Record<string, unknown>>[] | null;
  readonly scheduled: readonly Readonly<Record<string, unknown>>[] | null;
  readonly revoked: readonly string[] | null;
  readonly conf: Readonly<Record<string, unknown>> | null;
}

/** One slice of a chart. */
export interface SeriesPoint {
  readonly at: number;
  readonly received: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retried: number;
  readonly revoked: number;
  /** seconds; null where nothing ran */
  readonly waitP50: number | null;
  readonly waitP95: number | null;
  readonly runP50: number | null;
  readonly runP95: number | null;
  readonly runP99: number | null;
}

/** GET api/v2/series?from=&to=&step=60&name=&queue= */
export interface Series {
  readonly step: number;
  readonly points: readonly SeriesPoint[];
}

export interface QueueRow {
  readonly name: string;
  /** null: the broker does not tell */
  readonly messages: number | null;
  readonly oldest: number | null;
  readonly consumers: number;
  readonly paused: boolean;
}

/** GET api/v2/queues */
export interface QueueList {
  readonly rows: readonly QueueRow[];
}

/** Who changed what, or was not let. */
export interface AuditEntry {
  /** epoch seconds */
  readonly at: number;
  readonly user: string;
  readonly address: string;
  /** "revoke" */
  readonly action: string;
  readonly target: string;
  /** null: it was done; else why it was refused or failed */
  readonly refusal: string | null;
  /** what was sent with it, without secrets */
  readonly details: Readonly<Record<string, unknown>>;
}

/** GET api/v2/audit?limit=100&before=: newest first; for admins */
export interface AuditList {
  readonly rows: readonly AuditEntry[];
  /** to pass as `before`; null: there is no more */
  readonly next: number | null;
}

/** GET api/v2/overview: is it healthy? */
export interface Overview {
  readonly workers: { readonly online: number; readonly offline: number; readonly active: number; readonly slots: number | null };
  /** of the last five minutes, per second */
  readonly throughput: number;
  /** of the last five minutes: failed ÷ ended; null: nothing ended */
  readonly failureRate: number | null;
  readonly queues: readonly QueueRow[];
  /** an hour, by the minute */
  readonly series: Series;
  /** of the last hour, those that fail most first, ten at most */
  readonly failing: readonly {
    readonly name: string;
    readonly failed: number;
    readonly ended: number;
    readonly lastException: string | null;
  }[];
  readonly banners: readonly Banner[];
}

/**
 * GET api/v2/stream?topics=overview,workers,tasks&uuids=a,b: server-sent events. `id:` is `<epoch>-<seq>`; a client that comes back with Last-Event-ID gets
 * what it missed, or a snapshot and, where something is lost for good, a gap.
 */
export type StreamTopic = "overview" | "workers" | "tasks";

export type StreamFrame =
  | { readonly kind: "hello"; readonly epoch: string; readonly seq: number; readonly version: string }
  | { readonly kind: "snapshot"; readonly topic: "overview"; readonly overview: Overview }
  | { readonly kind: "snapshot"; readonly topic: "workers"; readonly rows: readonly WorkerRow[] }
  | { readonly kind: "delta"; readonly topic: "overview"; readonly overview: Overview }
  | { readonly kind: "delta"; readonly topic: "workers"; readonly rows: readonly WorkerRow[]; readonly removed: readonly string[] }
  /** Only tasks that the client named in `uuids`; `newer`: how many others were heard of since the last frame. */
  | { readonly kind: "delta"; readonly topic: "tasks"; readonly rows: readonly TaskRow[]; readonly newer: number }
  | { readonly kind: "gap"; readonly dropped: number }
  | { readonly kind: "ping" };
