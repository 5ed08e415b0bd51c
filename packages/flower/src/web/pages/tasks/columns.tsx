/** The columns of the list of tasks: Flower's by their names, and those it does not have. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { TaskRow } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { duration } from "../../format/duration.ts";
import { parseIso } from "../../format/instant.ts";
import type { Column } from "../../parts/grid.tsx";
import { Instant } from "../../parts/instant.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";

const nothing = <span className="faint">–</span>;
/** The API sorts by these. */
const sortable = () => undefined;

export const taskColumns: readonly Column<TaskRow>[] = [
  {
    id: "name",
    title: "Name",
    width: "24%",
    value: sortable,
    cell: (row) => (
      <>
        <Link className="main-link" href={pages.task(row.uuid)} title={row.name ?? row.uuid}>
          {row.name ?? <span className="mono">{row.uuid}</span>}
        </Link>
        <span className="second">
          <Instant at={row.received ?? row.sent ?? row.timestamp} />
          {row.runtime !== null && <> · {duration(row.runtime)}</>}
          {row.worker !== null && <> · {row.worker}</>}
        </span>
      </>
    ),
  },
  { id: "uuid", title: "UUID", rank: 3, cell: (row) => <Uuid uuid={row.uuid} /> },
  { id: "state", title: "State", width: "8.5rem", value: sortable, cell: (row) => <StateBadge state={row.state} lost={row.lost} /> },
  text("args", "Args", ({ args }) => args, 4),
  text("kwargs", "Kwargs", ({ kwargs }) => kwargs, 4),
  text("result", "Result", ({ result }) => result, 4),
  time("received", "Received", ({ received }) => received, 2),
  time("started", "Started", ({ started }) => started, 4),
  {
    id: "runtime",
    title: "Runtime",
    width: "6rem",
    rank: 2,
    isNumber: true,
    value: sortable,
    cell: ({ runtime }) => (runtime === null ? nothing : duration(runtime)),
  },
  {
    id: "worker",
    title: "Worker",
    width: "11rem",
    rank: 2,
    value: sortable,
    cell: ({ worker }) =>
      worker === null ? (
        nothing
      ) : (
        <Link className="quiet-link" href={pages.worker(worker)} title={worker}>
          {worker}
        </Link>
      ),
  },
  text("exchange", "Exchange", ({ exchange }) => exchange, 3, "8rem"),
  text("routing_key", "Routing key", ({ routingKey }) => routingKey, 3, "8rem"),
  { id: "retries", title: "Retries", width: "5rem", rank: 3, isNumber: true, cell: ({ retries }) => (retries === 0 ? nothing : retries) },
  {
    id: "revoked",
    title: "Revoked",
    width: "8rem",
    rank: 3,
    isNumber: true,
    cell: (row) => (row.state === "REVOKED" ? <Instant at={row.ended ?? row.timestamp} /> : nothing),
  },
  text("exception", "Exception", ({ exception }) => exception, 3),
  { id: "expires", title: "Expires", width: "8rem", rank: 3, isNumber: true, cell: ({ expires }) => <Iso text={expires} /> },
  { id: "eta", title: "ETA", width: "8rem", rank: 3, isNumber: true, cell: ({ eta }) => <Iso text={eta} /> },
  text("queue", "Queue", ({ queue }) => queue, 3, "8rem"),
  { id: "wait", title: "Wait", width: "6rem", rank: 3, isNumber: true, cell: ({ wait }) => (wait === null ? nothing : duration(wait)) },
  time("sent", "Sent", ({ sent }) => sent, 3),
  {
    id: "timestamp",
    title: "Last heard",
    width: "8rem",
    rank: 3,
    isNumber: true,
    value: sortable,
    cell: ({ timestamp }) => <Instant at={timestamp} />,
  },
];

/**
 * What is named and nobody knows is left out; the name is always there, for it leads to the task. Columns that this browser chose itself (`isChosen`) stay
 * where those of `tasks_columns` would go for want of room.
 */
export function shownColumns(names: readonly string[], isChosen: boolean): readonly Column<TaskRow>[] {
  const wanted = new Set(names.includes("name") ? names : ["name", ...names]);
  const found = [...wanted].flatMap((name) => taskColumns.find(({ id }) => id === name) ?? []);
  return isChosen ? found.map((column) => (column.rank === 4 ? { ...column, rank: 3 } : column)) : found;
}

type Rank = NonNullable<Column<TaskRow>["rank"]>;

function text(id: string, title: string, read: (row: TaskRow) => string | null, rank: Rank, width?: string): Column<TaskRow> {
  const cell = (row: TaskRow): ReactNode => {
    const value = read(row);
    return value === null || value === "" ? nothing : <code title={value}>{value}</code>;
  };
  return { id, title, rank, cell, ...(width === undefined ? {} : { width }) };
}

function time(id: string, title: string, read: (row: TaskRow) => number | null, rank: Rank): Column<TaskRow> {
  return { id, title, width: "7.5rem", rank, isNumber: true, value: sortable, cell: (row) => <Instant at={read(row)} /> };
}

/** Its ends tell one from another; the whole is behind it. */
function Uuid({ uuid }: { readonly uuid: string }) {
  return (
    <span className="mono faint" title={uuid}>
      {uuid}
    </span>
  );
}

function Iso({ text: iso }: { readonly text: string | null }) {
  if (iso === null) return nothing;
  const at = parseIso(iso);
  return at === null ? iso : <Instant at={at} />;
}
