/** All workers there are: who is there, how busy, how it went. Hundreds of them stay one list. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useSearch } from "wouter/use-browser-location";
import { pages } from "../../address.ts";
import { workersQuery } from "../../api/queries.ts";
import { count, counted, percent } from "../../format/number.ts";
import { usePolling, useTopics } from "../../live/live.tsx";
import { Grid, type Sort } from "../../parts/grid.tsx";
import { Empty, Waiting } from "../../parts/panel.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { Segments } from "../../parts/segments.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { countersOf, matches, type Show } from "../../present/worker-list.ts";
import { Page } from "../../shell/shell.tsx";
import { workerColumns } from "./columns.tsx";

const shows: readonly (readonly [title: string, show: Show])[] = [
  ["All", "all"],
  ["Online", "online"],
  ["Offline", "offline"],
];

export function WorkersPage() {
  useTopics(["workers"]);
  const { data, error, refetch } = useQuery({ ...workersQuery, refetchInterval: usePolling() });
  const [, go] = useLocation();
  const given = new URLSearchParams(useSearch());
  const [text, show] = [given.get("search") ?? "", shows.find(([, value]) => value === given.get("show"))?.[1] ?? "all"];
  const [sort, setSort] = useState<Sort>({ id: "status", descending: false });
  const rows = useMemo(() => (data?.rows ?? []).filter((row) => matches(row, text, show)), [data, text, show]);
  const columns = useMemo(() => workerColumns(countersOf(rows)), [rows]);
  const choose = (next: { readonly search?: string; readonly show?: string }) => {
    const wanted = { search: text, show, ...next };
    const filter = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== "" && value !== "all"));
    go(`${pages.workers}${filter.size === 0 ? "" : `?${filter}`}`, { replace: true });
  };
  return (
    <Page title="Workers">
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
            <SearchField
              label="Search workers"
              placeholder="Name, queue or software"
              value={text}
              onChange={(search) => choose({ search })}
            />
            <Segments label="Which workers" choices={shows} value={show} onChoose={(next) => choose({ show: next })} />
          </div>
          <section className="panel" aria-label="Workers">
            {rows.length === 0 ? (
              <Nothing isAny={data.rows.length > 0} />
            ) : (
              <Grid caption="Workers" columns={columns} rows={rows} idOf={(row) => row.name} sort={sort} onSort={setSort} isLong />
            )}
          </section>
        </>
      )}
    </Page>
  );
}

function Summary({ rows }: { readonly rows: Parameters<typeof countersOf>[0] }) {
  const { online, offline, active, slots, succeeded, failed } = countersOf(rows);
  const ended = succeeded + failed;
  return (
    <ul className="summary">
      <li>
        <b className="figures">{count(online)}</b> online
      </li>
      <li>
        <b className="figures">{count(offline)}</b> offline
      </li>
      <li>
        <b className="figures">{count(active)}</b> {slots === null ? "running" : `of ${counted(slots, "slot")} busy`}
      </li>
      <li>
        <b className="figures">{count(ended)}</b> ended{ended > 0 && `, ${percent(failed / ended)} failed`}
      </li>
    </ul>
  );
}

function Nothing({ isAny }: { readonly isAny: boolean }) {
  return isAny ? (
    <Empty icon="search" title="No worker fits" />
  ) : (
    <Empty icon="workers" title="No worker has been heard of">
      A worker is listed with its first event. Start one with <code>celeriac worker -E</code> or <code>celery worker -E</code>.
    </Empty>
  );
}
