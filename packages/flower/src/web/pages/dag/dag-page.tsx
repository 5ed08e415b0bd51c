/** One DAG: its latest runs, task by task, and one of them in full. */
import { useQuery } from "@tanstack/react-query";
import { usePathname, useSearch } from "wouter/use-browser-location";
import type { DagView } from "../../../shared/dag-contract.ts";
import { nameInPath } from "../../address.ts";
import { Refused } from "../../api/ask.ts";
import { dagQuery } from "../../api/queries.ts";
import { counted } from "../../format/number.ts";
import { useOwnPolling } from "../../live/live.tsx";
import { Ago, Instant } from "../../parts/instant.tsx";
import { Empty, Panel, Waiting } from "../../parts/panel.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { Page } from "../../shell/shell.tsx";
import { RunMatrix } from "./run-matrix.tsx";
import { RunPanels } from "./run-panels.tsx";

export function DagPage() {
  const id = nameInPath(usePathname(), "dag");
  const wanted = new URLSearchParams(useSearch()).get("run");
  const { data: dag, error, refetch } = useQuery({ ...dagQuery(id), refetchInterval: useOwnPolling() });
  const run = wanted ?? dag?.runs[0]?.id ?? null;
  return (
    <Page
      title={id}
      heading={
        <>
          <h1 className="wraps">{id}</h1>
          {dag?.paused === true && <span className="tag">Paused</span>}
        </>
      }
    >
      {dag === undefined ? (
        error === null ? (
          <Waiting lines={10} />
        ) : error instanceof Refused && error.status === 404 ? (
          <Empty icon="dags" title="Nobody knows this DAG">
            <span className="wraps">{error.message}</span>
          </Empty>
        ) : (
          <Trouble error={error} again={() => void refetch()} />
        )
      ) : (
        <>
          <Facts dag={dag} />
          <Panel title="Runs" flush end={<span className="faint">{counted(dag.runs.length, "latest run")}</span>}>
            {dag.runs.length === 0 ? <Empty icon="clock" title="It has not run yet" /> : <RunMatrix dag={dag} current={run} />}
          </Panel>
          {run !== null && <RunPanels dag={id} run={run} />}
        </>
      )}
    </Page>
  );
}

function Facts({ dag: { schedule, taskCount, nextRun, paused, tags, seen } }: { readonly dag: DagView }) {
  return (
    <ul className="summary">
      <li>{schedule === null ? "Runs by hand" : <code>{schedule}</code>}</li>
      <li>{counted(taskCount, "task")}</li>
      {nextRun !== null && !paused && (
        <li>
          Next run <Instant at={nextRun} />
        </li>
      )}
      {tags.length > 0 && <li>{tags.join(", ")}</li>}
      <li>
        Seen by a scheduler <Ago at={seen} />
      </li>
    </ul>
  );
}
