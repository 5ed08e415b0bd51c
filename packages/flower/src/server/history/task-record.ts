/** What the monitor knows of a task: made of the events that were heard of it by `merge.ts`, kept by a history, shown by `present/`. */

/** Celery's states of a monitor, or the upper-cased name of a custom event (`task-cooking` → COOKING). */
export type MonitorState = "PENDING" | "RECEIVED" | "STARTED" | "SUCCESS" | "FAILURE" | "RETRY" | "REVOKED" | "REJECTED" | (string & {});

/** Times are epoch seconds; null: nobody said. Texts are those of the events (Python's repr), redacted, cut to a preview. */
export interface TaskRecord {
  readonly uuid: string;
  readonly name: string | null;
  readonly state: MonitorState;
  readonly sent: number | null;
  readonly received: number | null;
  readonly started: number | null;
  readonly succeeded: number | null;
  readonly failed: number | null;
  readonly retried: number | null;
  readonly revoked: number | null;
  readonly rejected: number | null;
  /** of the newest event */
  readonly timestamp: number;
  /** Lamport clock of the newest event */
  readonly clock: number;
  readonly args: string | null;
  readonly kwargs: string | null;
  readonly result: string | null;
  readonly exception: string | null;
  readonly traceback: string | null;
  /** seconds */
  readonly runtime: number | null;
  readonly retries: number;
  /** ISO 8601 */
  readonly eta: string | null;
  /** ISO 8601 */
  readonly expires: string | null;
  /** node name; null until a worker has it */
  readonly worker: string | null;
  /** node name of the producer */
  readonly client: string | null;
  readonly queue: string | null;
  readonly exchange: string | null;
  readonly routingKey: string | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  /** when the monitor found that its worker is gone and nobody has stored an outcome; null: it was not lost */
  readonly lostAt: number | null;
}

/** One event as it was heard, of one task: what the timeline shows. */
export interface TaskEvent {
  /** "task-started" */
  readonly type: string;
  readonly timestamp: number;
  /** node name of who told it */
  readonly hostname: string;
  readonly clock: number;
  /** what it says beside these */
  readonly fields: Readonly<Record<string, unknown>>;
}
