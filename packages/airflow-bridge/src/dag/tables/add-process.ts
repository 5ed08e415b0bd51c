/** Adds a process to a stream, as `celeriac dag tables add-process` does: its rows, in one transaction, and its script, where there is none yet. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { CeleriacError, nearest } from "@celeriac/core/runtime";
import type { DatabaseContext } from "../store/store-context.ts";
import type { ControlRows } from "./control-tables.ts";
import { withControlMade } from "./open-control.ts";
import { readStreams, type StreamSurroundings } from "./read-streams.ts";
import { problemText } from "./row.ts";
import { scriptText } from "./script-text.ts";
import type { TablePlace } from "./table-dags.ts";

export interface ProcessRequest {
  readonly name: string;
  /** null: the only one there is */
  readonly stream: string | null;
  /** below the folder of scripts */
  readonly script: string;
  readonly group: string | null;
  readonly dependsOn: readonly string[];
}

export interface AddedProcess {
  readonly stream: string;
  /** the path of the script, where it was written now */
  readonly written: string | null;
}

/** Nothing is left of it where it cannot be done. Throws DAG_UNKNOWN, DAG_DUPLICATE, DAG_ROW, DAG_TABLES_MISSING, DAG_STORE_*. */
export async function addProcess(
  request: ProcessRequest,
  place: TablePlace,
  context: DatabaseContext,
  around: StreamSurroundings,
): Promise<AddedProcess> {
  const url = new URL(request.script, place.scripts);
  const path = fileURLToPath(url);
  let written: string | null = null;
  try {
    const stream = await withControlMade(place, context, (database) =>
      database.write(async (tables) => {
        const before = await tables.read();
        const found = streamFor(before, request);
        if (url.href.startsWith(place.scripts.href) && !existsSync(path)) {
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, scriptText(path, request.name, found), { flag: "wx" });
          written = path;
        }
        const added = rowsOf(found, request);
        refuseWrong(found, withRows(before, added), around);
        for (const [table, rows] of Object.entries(added)) for (const row of rows) await tables.insert(table as keyof AddedRows, row);
        return found;
      }),
    );
    return { stream, written };
  } catch (error) {
    if (written !== null) rmSync(written);
    throw error;
  }
}

function streamFor(rows: ControlRows, { name, stream: wanted }: ProcessRequest): string {
  const streams = rows.stream.map((row) => String(row["name"]));
  const stream = wanted ?? (streams.length === 1 ? streams[0]! : null);
  if (stream === null)
    throw new CeleriacError("DAG_UNKNOWN", `Say with --stream which one it is for: ${streams.join(", ") || "there is none yet"}`);
  if (!streams.includes(stream)) {
    const near = nearest(stream, streams);
    const hint = near === null ? `there are ${streams.join(", ") || "none yet"}` : `did you mean ${JSON.stringify(near)}?`;
    throw new CeleriacError("DAG_UNKNOWN", `There is no stream ${JSON.stringify(stream)}: ${hint}`);
  }
  if (rows.process.some((row) => row["stream"] === stream && row["name"] === name))
    throw new CeleriacError("DAG_DUPLICATE", `The stream ${stream} has a process ${JSON.stringify(name)} already`);
  return stream;
}

type AddedRows = Pick<ControlRows, "process" | "process_group" | "dependency">;

/** In the order in which they can be written. */
function rowsOf(stream: string, { name, script, group, dependsOn }: ProcessRequest): AddedRows {
  const defaults = { params: "{}", retries: 0, retry_delay_seconds: 300, priority: 1, enabled: true };
  return {
    process: [{ stream, name, kind: "script", command: script, ...defaults }],
    process_group: group === null ? [] : [{ stream, name: group, process: name }],
    dependency: dependsOn.map((other) => ({ stream, process: name, depends_on: other })),
  };
}

function withRows(rows: ControlRows, { process, process_group, dependency }: AddedRows): ControlRows {
  return {
    ...rows,
    process: [...rows.process, ...process],
    process_group: [...rows.process_group, ...process_group],
    dependency: [...rows.dependency, ...dependency],
  };
}

/** By the checks that every reader makes: no database has all of them. */
function refuseWrong(stream: string, rows: ControlRows, around: StreamSurroundings): void {
  const problems = readStreams(rows, around).streams.find(({ name }) => name === stream)?.problems ?? [];
  if (problems.length > 0)
    throw new CeleriacError("DAG_ROW", `The stream ${stream} would be wrong then: ${problems.map(problemText).join("; ")}`);
}
