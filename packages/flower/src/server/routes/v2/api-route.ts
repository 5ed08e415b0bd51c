/** One route of the API as a row of a table: what it takes, whom it is for, what it answers with. Routes, rights and the OpenAPI document come from it. */
import type { Overview } from "../../../shared/contract.ts";
import type { ActionName } from "../../access.ts";
import type { TaskRecord } from "../../history/task-record.ts";
import type { MonitorParts } from "../../parts.ts";
import type { Asker } from "../../security/asker.ts";
import type { ParameterTable, ValuesOf } from "./parameters.ts";
import type { ShapeName } from "./shapes.ts";

/** What routes of the API work with. */
export interface V2Parts extends MonitorParts {
  /** two seconds old at most */
  overview(): Promise<Overview>;
  /** as `format_task` wants it */
  shown(task: TaskRecord): TaskRecord;
}

/** What came with a request, read. */
export interface Asked<Q extends ParameterTable = ParameterTable, B extends ParameterTable = ParameterTable> {
  /** parts of the path, decoded */
  readonly path: Readonly<Record<string, string>>;
  readonly query: ValuesOf<Q>;
  readonly body: ValuesOf<B>;
  readonly asker: Asker;
}

export interface ApiRoute {
  readonly method: "GET" | "POST";
  /** below api/v2, as OpenAPI writes it: "/tasks/{uuid}" */
  readonly path: string;
  /** one sentence */
  readonly summary: string;
  readonly action: ActionName | null;
  readonly query: ParameterTable;
  readonly body: ParameterTable;
  readonly answer: ShapeName;
  answerTo(asked: Asked, parts: V2Parts): Promise<unknown>;
}

type Row<Q extends ParameterTable, B extends ParameterTable> = Pick<ApiRoute, "path" | "summary" | "answer"> & {
  readonly query?: Q;
  readonly body?: B;
  answerTo(asked: Asked<Q, B>, parts: V2Parts): Promise<unknown>;
};

export function reading<const Q extends ParameterTable = Record<never, never>>(row: Omit<Row<Q, Record<never, never>>, "body">): ApiRoute {
  return { method: "GET", action: null, query: {}, body: {}, ...row } as unknown as ApiRoute;
}

export function changing<const B extends ParameterTable = Record<never, never>>(
  action: ActionName,
  row: Omit<Row<Record<never, never>, B>, "query">,
): ApiRoute {
  return { method: "POST", action, query: {}, body: {}, ...row } as unknown as ApiRoute;
}
