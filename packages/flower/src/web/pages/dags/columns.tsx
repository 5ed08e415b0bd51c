/** The columns of the list of DAGs. */
import { Link } from "wouter";
import type { DagRow } from "../../../shared/dag-contract.ts";
import { pages } from "../../address.ts";
import { count } from "../../format/number.ts";
import { DagState, Square } from "../../parts/dag-state.tsx";
import type { Column } from "../../parts/grid.tsx";
import { Ago, Instant } from "../../parts/instant.tsx";
import { dagLookOf } from "../../present/dag-look.ts";

export function dagColumns(): readonly Column<DagRow>[] {
  return [
    {
      id: "name",
      title: "DAG",
      value: ({ id }) => id,
      cell: ({ id, runs, paused, schedule }) => (
        <>
          <Link className="main-link" href={pages.dag(id)} title={id}>
            {id}
          </Link>
          {paused && <span className="tag">Paused</span>}
          <span className="second">
            {runs[0] === undefined ? "No run yet" : dagLookOf(runs[0].state).word} · {schedule ?? "by hand"}
          </span>
        </>
      ),
    },
    {
      id: "schedule",
      title: "Schedule",
      width: "9rem",
      rank: 2,
      value: ({ schedule }) => schedule ?? "",
      cell: ({ schedule }) => (schedule === null ? <span className="faint">by hand</span> : <code>{schedule}</code>),
    },
    {
      id: "tasks",
      title: "Tasks",
      width: "4.5rem",
      rank: 3,
      isNumber: true,
      value: ({ taskCount }) => taskCount,
      cell: ({ taskCount }) => count(taskCount),
    },
    {
      id: "runs",
      title: "Latest runs",
      width: "15rem",
      rank: 2,
      cell: ({ id, runs }) => <Strip dag={id} runs={runs} />,
    },
    {
      id: "state",
      title: "Last run",
      width: "8rem",
      value: ({ runs }) => runs[0]?.state ?? "",
      cell: ({ runs: [last] }) => (last === undefined ? <span className="faint">–</span> : <DagState state={last.state} />),
    },
    {
      id: "last",
      title: "Started",
      width: "6.5rem",
      rank: 3,
      isNumber: true,
      value: ({ runs }) => runs[0]?.started ?? undefined,
      cell: ({ runs: [last] }) => (last?.started == null ? <span className="faint">–</span> : <Ago at={last.started} />),
    },
    {
      id: "next",
      title: "Next run",
      width: "8.5rem",
      rank: 3,
      isNumber: true,
      value: ({ nextRun }) => nextRun ?? undefined,
      cell: ({ nextRun, paused }) => <Instant at={paused ? null : nextRun} />,
    },
  ];
}

/** The newest at the right, each a way to its run. */
function Strip({ dag, runs }: { readonly dag: string; readonly runs: DagRow["runs"] }) {
  return (
    <span className="strip">
      {runs.toReversed().map(({ id, state }) => {
        const title = `${dagLookOf(state).word}: ${id}`;
        return (
          <Link key={id} href={pages.dagRun(dag, id)} title={title} aria-label={title} tabIndex={-1}>
            <Square state={state} />
          </Link>
        );
      })}
    </span>
  );
}
