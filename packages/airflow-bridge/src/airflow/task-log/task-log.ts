/** The log file of one try, where Airflow's pages look for it: JSON lines at the workload's `log_path`, appended to, without secrets. */
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { CeleriacError, type Clock, reasonOf } from "@celeriac/core/runtime";
import type { SecretMask } from "./secret-mask.ts";

export type LogLevelName = "debug" | "info" | "warning" | "error" | "critical";

export interface TaskLog {
  /** `logger`: such as "task" or "task.stdout" */
  write(level: LogLevelName, event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A line of JSON as the task's process sends them; another text is taken for what is to be said. */
  forward(line: string): void;
  /** Resolves when all of it is in the file. */
  close(): Promise<void>;
}

/** As Airflow's defaults: folders and files that its group may write to. */
const folderMode = 0o775;
const fileMode = 0o664;

export interface TaskLogPlace {
  /** Airflow's `[logging] base_log_folder` */
  readonly folder: string;
  /** relative to it; null: the workload names none, and nothing is written */
  readonly path: string | null;
}

/** `broken` is told when the file cannot be written any more: the task goes on. Throws AIRFLOW_MESSAGE for a path that leads out of the folder, AIRFLOW_LAUNCHER where the file cannot be written. */
export async function openTaskLog(place: TaskLogPlace, mask: SecretMask, clock: Clock, broken: (error: Error) => void): Promise<TaskLog> {
  const file = place.path === null ? null : await openFile(placeIn(place.folder, place.path), broken);
  const put = (fields: Readonly<Record<string, unknown>>) => void file?.write(`${mask.line(fields)}\n`);
  const now = () => new Date(clock.now()).toISOString();
  return {
    write(level, event, fields = {}) {
      put({ timestamp: now(), level, event, logger: "task", ...fields });
    },
    forward(line) {
      const record = readRecord(line);
      put({ timestamp: now(), level: "info", ...(record ?? { event: line }) });
    },
    close: () => (file === null || file.destroyed ? Promise.resolve() : new Promise((done) => file.end(() => done()))),
  };
}

/** Whoever may write to the broker names the path: it must not lead out of the folder. */
function placeIn(folder: string, path: string): string {
  const place = resolve(folder, path);
  const inside = relative(resolve(folder), place);
  if (inside !== "" && !inside.startsWith("..") && !isAbsolute(inside)) return place;
  throw new CeleriacError("AIRFLOW_MESSAGE", `The workload's log_path ${JSON.stringify(path)} leads out of ${folder}`);
}

async function openFile(path: string, broken: (error: Error) => void): Promise<WriteStream> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: folderMode });
    const stream = createWriteStream(path, { flags: "a", mode: fileMode });
    await new Promise<void>((opened, failed) => stream.once("open", () => opened()).once("error", failed));
    stream.on("error", broken);
    return stream;
  } catch (cause) {
    throw new CeleriacError("AIRFLOW_LAUNCHER", `The task's log ${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

function readRecord(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record !== "object" || record === null || Array.isArray(record)) return null;
    const { exception, event = "", ...fields } = record as Readonly<Record<string, unknown>>;
    return { ...fields, event: String(event), ...(exception === undefined ? {} : { error_detail: exception }) };
  } catch {
    return null;
  }
}
