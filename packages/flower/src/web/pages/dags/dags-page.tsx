/** All DAGs: whether they run, how their latest runs went, when the next is due. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { DagRow } from "../../../shared/dag-contract.ts";
import { dagsQuery } from "../../api/queries.ts";
import { count } from "../../format/number.ts";
import { useOwnPolling } from "../../live/live.tsx";
import { Grid, type Sort } from "../../parts/grid.tsx";
import { Empty, Waiting } from "../../parts/panel.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { Segments } from "../../parts/segments.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { Page } from "../../shell/shell.tsx";
import { dagColumns } from "./columns.tsx";

const shows = {
  all: () => true,
  running: ({ runs }: DagRow) => runs.some(({ state }) => state === "running"),
  failed: ({ runs }: DagRow) => runs.find(({ state }) => state === "failed" || state === "success")?.state === "failed",
  paused: ({ paused }: DagRow) => paused,
} as const;
type Show = keyof typeof shows;

const choices: readonly (readonly [title: string, show: Show])[] = [
  ["All", "all"],
  ["Running", "running"],
  ["Failed last", "failed"],
  ["Paused", "paused"],
];

export function DagsPage() {
  const { data, error, refetch } = useQuery({ ...dagsQuery, refetchInterval: useOwnPolling() });
  const [text, setText] = useState("");
  const [show, setShow] = useState<Show>("all");
  const [sort, setSort] = useState<Sort>({ id: "name", descending: false });
  const rows = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const fits = ({ id, tags }: DagRow) => [id, ...tags].some((each) => each.toLowerCase().includes(wanted));
    return (data?.rows ?? []).filter((row) => fits(row) && shows[show](row));
  }, [data, text, show]);
  const columns = useMemo(() => dagColumns(), []);
  return (
    <Page title="DAGs">
      {data === undefined ? (
        error === null ? (
          <Waiting lines={10} />
        ) : (
          <Trouble error={error} again={() => void refetch()} />
        )
      ) : (
        <>
          <Summary rows={data.rows} />
          <div className="tools">
            <SearchField label="Search DAGs" placeholder="Name or tag" value={text} onChange={setText} />
            <Segments label="Which DAGs" choices={choices} value={show} onChoose={(next) => setShow(next)} />
          </div>
          <section className="panel" aria-label="DAGs">
            {rows.length === 0 ? (
              <Nothing isAny={data.rows.length > 0} />
            ) : (
              <Grid caption="DAGs" columns={columns} rows={rows} idOf={({ id }) => id} sort={sort} onSort={setSort} isLong />
            )}
          </section>
        </>
      )}
    </Page>
  );
}

function Summary({ rows }: { readonly rows: readonly DagRow[] }) {
  const facts = [
    [rows.length, "in all"],
    [rows.filter(shows.running).length, "running"],
    [rows.filter(shows.failed).length, "failed last"],
    [rows.filter(shows.paused).length, "paused"],
  ] as const;
  return (
    <ul className="summary">
      {facts.map(([figure, what]) => (
        <li key={what}>
          <b className="figures">{count(figure)}</b> {what}
        </li>
      ))}
    </ul>
  );
}

function Nothing({ isAny }: { readonly isAny: boolean }) {
  return isAny ? (
    <Empty icon="search" title="No DAG fits" />
  ) : (
    <Empty icon="dags" title="No DAG has been seen">
      A DAG is listed once a scheduler that has its code was started.
    </Empty>
  );
}
