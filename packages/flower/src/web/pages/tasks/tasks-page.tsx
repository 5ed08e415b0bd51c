/** The list of tasks: search, states and filters, all in the address; rows change where they stand, and what is newer is counted until one asks for it. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { useSearch } from "wouter/use-browser-location";
import { pages } from "../../address.ts";
import { Refused } from "../../api/ask.ts";
import { taskListQuery } from "../../api/queries.ts";
import { filterOf, narrowings, newestFirst, searchOf, type TaskFilter } from "../../api/task-filter.ts";
import { usePolling, useTopics } from "../../live/live.tsx";
import { Grid, type Sort } from "../../parts/grid.tsx";
import { Empty, Waiting } from "../../parts/panel.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { usePreferences } from "../../preferences.ts";
import { useSession } from "../../shell/session.tsx";
import { Page } from "../../shell/shell.tsx";
import { ColumnChoice } from "./column-choice.tsx";
import { shownColumns, taskColumns } from "./columns.tsx";
import { Filters } from "./filters.tsx";
import { Pager } from "./pager.tsx";
import { StateChips } from "./state-chips.tsx";
import { TaskSearch } from "./task-search.tsx";
import { useNewer } from "./use-newer.ts";

const none: readonly never[] = [];

export function TasksPage() {
  const search = useSearch();
  const filter = useMemo(() => filterOf(search), [search]);
  const [, go] = useLocation();
  const polling = usePolling();
  const list = useQuery({ ...taskListQuery(filter), refetchInterval: polling });
  const rows = list.data?.rows ?? none;
  useTopics(
    ["tasks"],
    rows.map(({ uuid }) => uuid),
  );
  const newer = useNewer(filter, rows, list.isSuccess && !list.isPlaceholderData);
  const { options } = useSession();
  const { columns: chosen } = usePreferences();
  const columns = useMemo(() => shownColumns(chosen ?? options.tasksColumns, chosen !== null), [chosen, options.tasksColumns]);
  const change = (part: Partial<TaskFilter>) =>
    go(`${pages.tasks}${searchOf({ ...filter, after: undefined, ...part })}`, { replace: "search" in part });
  const mistake = list.error instanceof Refused && list.error.status === 400 ? list.error.message : null;
  return (
    <Page title="Tasks">
      <div className="tools">
        <TaskSearch value={filter.search ?? ""} error={mistake} onChange={(text) => change({ search: text.trim() || undefined })} />
        <Filters key={search} filter={filter} onChange={change} />
        <ColumnChoice />
      </div>
      <StateChips states={filter.states} onChange={(states) => change({ states })} />
      <section className="panel" aria-label="Tasks" aria-busy={list.isFetching}>
        <Pager
          filter={filter}
          list={list.data}
          newer={newer.count}
          onNewer={() => {
            newer.show();
            if (filter.after !== undefined) change({});
          }}
        />
        {list.error !== null && mistake === null ? (
          <Trouble error={list.error} again={() => void list.refetch()} />
        ) : list.data === undefined ? (
          <Waiting lines={12} />
        ) : rows.length === 0 || mistake !== null ? (
          <Nothing isNarrowed={filter.search !== undefined || filter.states.length > 0 || narrowings(filter) > 0} />
        ) : (
          <Grid
            caption="Tasks"
            columns={columns}
            rows={rows}
            idOf={(row) => row.uuid}
            sort={sortOf(filter.sort)}
            onSort={(sort) => change({ sort: textOf(sort) })}
            isSorted
          />
        )}
      </section>
    </Page>
  );
}

function Nothing({ isNarrowed }: { readonly isNarrowed: boolean }) {
  return isNarrowed ? (
    <Empty icon="search" title="No task fits">
      Fewer words, another state, or a longer time may find one.
    </Empty>
  ) : (
    <Empty icon="tasks" title="No task has been heard of">
      Tasks are listed with their first event. Workers tell of them when they run with <code>-E</code>.
    </Empty>
  );
}

/** "-received" ↔ received, falling */
function sortOf(text: string): Sort {
  return text.startsWith("-") ? { id: text.slice(1), descending: true } : { id: text, descending: false };
}

function textOf({ id, descending }: Sort): string {
  const text = `${descending ? "-" : ""}${id}`;
  return taskColumns.some((column) => column.id === id) ? text : newestFirst;
}
