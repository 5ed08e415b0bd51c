/** One run: how it stands, its picture, and all its task instances. */
import { useQuery } from "@tanstack/react-query";
import type { DagInstance, DagRunView } from "../../../shared/dag-contract.ts";
import { dagRunQuery } from "../../api/queries.ts";
import { duration } from "../../format/duration.ts";
import { counted } from "../../format/number.ts";
import { useOwnPolling } from "../../live/live.tsx";
import { DagState } from "../../parts/dag-state.tsx";
import { Instant, Since } from "../../parts/instant.tsx";
import { Pairs, Panel, Waiting } from "../../parts/panel.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { InstanceList } from "./instance-list.tsx";
import { TaskGraph } from "./task-graph.tsx";

export function RunPanels({ dag, run: id }: { readonly dag: string; readonly run: string }) {
  const { data: run, error, refetch } = useQuery({ ...dagRunQuery(dag, id), refetchInterval: useOwnPolling() });
  if (run === undefined) return error === null ? <Waiting lines={6} /> : <Trouble error={error} again={() => void refetch()} />;
  return (
    <>
      <Panel title="Run" end={<DagState state={run.state} />}>
        <Facts run={run} />
      </Panel>
      <Panel title="Graph" flush>
        <TaskGraph run={run} />
      </Panel>
      <Panel title="Task instances" flush end={<span className="faint">{counted(run.instances.length, "instance")}</span>}>
        <InstanceList instances={inOrder(run)} />
      </Panel>
    </>
  );
}

/** As the tasks stand in their DAG. */
function inOrder({ tasks, instances }: DagRunView): readonly DagInstance[] {
  const places = new Map(tasks.map(({ id }, at) => [id, at]));
  const placeOf = ({ task }: DagInstance) => places.get(task) ?? tasks.length;
  return instances.toSorted((one, other) => placeOf(one) - placeOf(other) || one.mapIndex - other.mapIndex);
}

function Facts({ run: { id, type, logicalDate, started, ended, params, backfill } }: { readonly run: DagRunView }) {
  return (
    <Pairs
      of={[
        [
          "Run",
          <span key="id" className="wraps mono">
            {id}
          </span>,
        ],
        ["Type", backfill === null ? type : `${type}, of the backfill ${backfill}`],
        ["Logical date", <Instant key="at" at={logicalDate} />],
        ["Started", <Instant key="at" at={started} />],
        ["Ended", <Instant key="at" at={ended} />],
        ["Duration", started === null ? null : ended === null ? <Since key="since" at={started} /> : duration(ended - started)],
        [
          "Params",
          Object.keys(params).length === 0 ? null : (
            <code key="params" className="wraps">
              {JSON.stringify(params)}
            </code>
          ),
        ],
      ]}
    />
  );
}
