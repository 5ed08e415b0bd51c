/** The columns of the list of workers: Flower's, with how busy each is. */
import { Link } from "wouter";
import type { WorkerRow } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { count } from "../../format/number.ts";
import type { Column } from "../../parts/grid.tsx";
import { Ago } from "../../parts/instant.tsx";
import { OnlineBadge } from "../../parts/state-badge.tsx";
import type { Counters } from "../../present/worker-list.ts";

export function workerColumns(total: Counters): readonly Column<WorkerRow>[] {
  return [
    {
      id: "name",
      title: "Worker",
      value: ({ name }) => name,
      cell: (row) => (
        <>
          <Link className="main-link" href={pages.worker(row.name)} title={row.name}>
            {row.name}
          </Link>
          <span className="second">
            {row.slots === null ? `${count(row.active)} running` : `${count(row.active)} of ${count(row.slots)} busy`} · {count(row.failed)}{" "}
            failed
          </span>
        </>
      ),
      foot: "Total",
    },
    {
      id: "status",
      title: "Status",
      width: "6.5rem",
      value: ({ online, name }) => `${online ? 0 : 1} ${name}`,
      cell: ({ online }) => <OnlineBadge online={online} />,
    },
    {
      id: "active",
      title: "Busy",
      width: "7rem",
      rank: 2,
      isNumber: true,
      value: ({ active, slots }) => (slots === null || slots === 0 ? active : active / slots),
      cell: (row) => <Busy row={row} />,
      foot: total.slots === null ? count(total.active) : `${count(total.active)} / ${count(total.slots)}`,
    },
    figure("processed", "Processed", total.processed, 2),
    figure("succeeded", "Succeeded", total.succeeded, 3),
    figure("failed", "Failed", total.failed, 2),
    figure("retried", "Retried", total.retried, 3),
    {
      id: "load",
      title: "Load",
      width: "9.25rem",
      rank: 4,
      isNumber: true,
      value: ({ loadavg }) => loadavg[0],
      cell: ({ loadavg, online }) =>
        online && loadavg.length > 0 ? loadavg.map((load) => load.toFixed(2)).join(" ") : <span className="faint">–</span>,
    },
    {
      id: "heard",
      title: "Heard",
      width: "6.5rem",
      rank: 2,
      isNumber: true,
      value: ({ heardAt }) => heardAt,
      cell: ({ heardAt }) => <Ago at={heardAt} />,
    },
  ];
}

function figure(id: "processed" | "succeeded" | "failed" | "retried", title: string, total: number, rank: 2 | 3): Column<WorkerRow> {
  return {
    id,
    title,
    width: "5.75rem",
    rank,
    isNumber: true,
    value: (row) => row[id],
    cell: (row) =>
      row[id] === 0 ? <span className="faint">0</span> : <span className={id === "failed" ? "tone-bad" : undefined}>{count(row[id])}</span>,
    foot: count(total),
  };
}

function Busy({ row: { active, slots, online } }: { readonly row: WorkerRow }) {
  if (!online) return <span className="faint">–</span>;
  if (slots === null || slots === 0) return <>{count(active)}</>;
  return (
    <span className="busy">
      <meter className="meter" min={0} max={1} high={0.9} optimum={0.4} value={Math.min(1, active / slots)} aria-label="Busy slots" />
      {count(active)} / {count(slots)}
    </span>
  );
}
