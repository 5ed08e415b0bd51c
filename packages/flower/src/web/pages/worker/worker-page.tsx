/** One worker: how it is, what it runs now, what it has said about itself, and what can be done to it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { usePathname } from "wouter/use-browser-location";
import type { WorkerView } from "../../../shared/contract.ts";
import { nameInPath } from "../../address.ts";
import { Refused } from "../../api/ask.ts";
import { askWorker, keys, workerQuery, workersQuery } from "../../api/queries.ts";
import { now as epochSeconds } from "../../clock.ts";
import { count } from "../../format/number.ts";
import { usePolling, useTopics } from "../../live/live.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Ago } from "../../parts/instant.tsx";
import { Empty, Waiting } from "../../parts/panel.tsx";
import { OnlineBadge } from "../../parts/state-badge.tsx";
import { TabList, TabPanel } from "../../parts/tabs.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { useRefusal } from "../../shell/session.tsx";
import { Page } from "../../shell/shell.tsx";
import { ConfigTab } from "./config-tab.tsx";
import { LimitsTab } from "./limits-tab.tsx";
import { PoolTab } from "./pool-tab.tsx";
import { QueuesTab } from "./queues-tab.tsx";
import { SystemTab } from "./system-tab.tsx";
import { TasksTab } from "./tasks-tab.tsx";
import { WorkerControls } from "./worker-controls.tsx";

/** Of what is older a worker is asked again while its page is shown. */
const freshSeconds = 30;

const tabs = [
  ["pool", "Pool", PoolTab],
  ["queues", "Queues", QueuesTab],
  ["tasks", "Tasks", TasksTab],
  ["limits", "Limits", LimitsTab],
  ["config", "Config", ConfigTab],
  ["system", "System", SystemTab],
] as const;

export function WorkerPage() {
  const name = nameInPath(usePathname(), "worker");
  useTopics(["workers"]);
  const queries = useQueryClient();
  const polling = usePolling();
  const { data, error, refetch } = useQuery({
    ...workerQuery(name),
    // One that nobody knows may be heard of at any moment.
    refetchInterval: ({ state }) => (state.error === null ? polling || 15_000 : 2_000),
  });
  // The stream tells how it is at this moment; what it answered to inspect is older.
  const { data: list } = useQuery(workersQuery);
  const now = list?.rows.find((row) => row.name === name);
  const worker = data === undefined ? undefined : { ...data, ...now };
  const denied = useRefusal();
  const deniedOfAll = useRefusal("admin");
  const absent = worker?.online === false ? "This worker is offline." : null;
  const refusal = denied ?? absent;
  const [tab, setTab] = useTab();
  const refresh = useCallback(async () => {
    await askWorker(name).then(
      (view) => queries.setQueryData(workerQuery(name).queryKey, view),
      () => queries.invalidateQueries({ queryKey: keys.worker(name) }),
    );
  }, [name, queries]);
  const isStale = data?.online === true && epochSeconds() - (data.inspectedAt ?? 0) > freshSeconds;
  // What it said before is shown until then.
  useEffect(() => {
    if (isStale) void refresh();
  }, [isStale, refresh]);
  return (
    <Page
      title={name}
      heading={
        <>
          <h1 className="wraps">{name}</h1>
          {worker !== undefined && <OnlineBadge online={worker.online} />}
        </>
      }
      end={worker !== undefined && <WorkerControls name={name} refusal={deniedOfAll ?? absent} refresh={refresh} />}
    >
      {worker === undefined ? (
        error === null ? (
          <Waiting lines={10} />
        ) : error instanceof Refused && error.status === 404 ? (
          <Empty icon="workers" title="Nobody knows this worker">
            <span className="wraps">{error.message}</span>
          </Empty>
        ) : (
          <Trouble error={error} again={() => void refetch()} />
        )
      ) : (
        <>
          {refusal !== null && (
            <p className="notice idle">
              <Icon name="warn" />
              {refusal}
            </p>
          )}
          <Facts worker={worker} />
          <div>
            <TabList label="About this worker" tabs={tabs.map(([id, title]) => ({ id, title }))} current={tab} onChoose={setTab} />
            {tabs.map(([id, , Content]) => (
              <TabPanel key={id} id={id} current={tab}>
                <Content worker={worker} refusal={refusal} refresh={refresh} />
              </TabPanel>
            ))}
          </div>
        </>
      )}
    </Page>
  );
}

function Facts({ worker }: { readonly worker: WorkerView }) {
  return (
    <ul className="summary">
      <li>
        <b className="figures">{count(worker.active)}</b> {worker.slots === null ? "running" : `of ${count(worker.slots)} slots busy`}
      </li>
      <li>
        <b className="figures">{count(worker.succeeded)}</b> succeeded
      </li>
      <li>
        <b className={`figures${worker.failed > 0 ? " tone-bad" : ""}`}>{count(worker.failed)}</b> failed
      </li>
      {worker.loadavg.length > 0 && (
        <li>
          Load <b className="figures">{worker.loadavg.map((load) => load.toFixed(2)).join("  ")}</b>
        </li>
      )}
      {worker.software !== null && (
        <li>
          {worker.software}
          {worker.pid !== null && `, process ${worker.pid}`}
        </li>
      )}
      <li>
        Heard <Ago at={worker.heardAt} />
        {worker.inspectedAt !== null && (
          <>
            , asked <Ago at={worker.inspectedAt} />
          </>
        )}
      </li>
    </ul>
  );
}

/** Kept in the address as Flower keeps it: "#tab-pool". */
function useTab(): readonly [string, (tab: string) => void] {
  const read = () => tabs.find(([id]) => location.hash === `#tab-${id}`)?.[0] ?? "pool";
  const [tab, setTab] = useState<string>(read);
  useEffect(() => {
    const follow = () => setTab(read());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  });
  const choose = (next: string) => {
    history.replaceState(history.state, "", `#tab-${next}`);
    setTab(next);
  };
  return [tab, choose];
}
