/** One task: what happened first, then what can be done, then its life, what went in and came out, its relations, and all that was heard of it. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { usePathname } from "wouter/use-browser-location";
import type { TaskView } from "../../../shared/contract.ts";
import { nameInPath, pages } from "../../address.ts";
import { Refused } from "../../api/ask.ts";
import { taskQueryOf } from "../../api/queries.ts";
import { parseIso } from "../../format/instant.ts";
import { usePolling, useTopics } from "../../live/live.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Instant, useNow } from "../../parts/instant.tsx";
import { Empty, Pairs, Panel, Waiting } from "../../parts/panel.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { happened } from "../../present/happened.ts";
import { lookOf } from "../../present/state-look.ts";
import { Page } from "../../shell/shell.tsx";
import { Attempts } from "./attempts.tsx";
import { Relations } from "./relations.tsx";
import { TaskActions } from "./task-actions.tsx";
import { TaskEvents } from "./task-events.tsx";
import { TextPanel } from "./text-panel.tsx";
import { Timeline } from "./timeline.tsx";

export function TaskPage() {
  const uuid = nameInPath(usePathname(), "task");
  useTopics(["tasks"], [uuid]);
  const polling = usePolling();
  const { data, error, refetch } = useQuery({
    ...taskQueryOf(uuid),
    // One that was just sent is heard of in a moment.
    refetchInterval: ({ state }) => (state.error === null ? polling : 2_000),
  });
  return (
    <Page
      title={data?.name ?? uuid}
      heading={
        <>
          <h1 className="wraps">{data?.name ?? "Task"}</h1>
          {data !== undefined && <StateBadge state={data.state} lost={data.lost} />}
        </>
      }
    >
      {data !== undefined ? (
        <Content task={data} />
      ) : error === null ? (
        <Waiting lines={10} />
      ) : error instanceof Refused && error.status === 404 ? (
        <Empty icon="tasks" title="Nobody has heard of this task">
          <code className="wraps">{uuid}</code>
        </Empty>
      ) : (
        <Trouble error={error} again={() => void refetch()} />
      )}
    </Page>
  );
}

function Content({ task }: { readonly task: TaskView }) {
  const now = useNow(task.state === "STARTED" ? 1 : 60);
  const { tone, icon } = task.lost ? ({ tone: "bad", icon: "warn" } as const) : lookOf(task.state);
  return (
    <>
      <section className={`happened tone-edge-${tone}`} aria-label="What happened">
        <p className="headline">
          <span className={`tone-${tone}`}>
            <Icon name={icon} />
          </span>
          <span>
            {happened(task, now)}
            {task.worker !== null && (
              <>
                {" on "}
                <Link href={pages.worker(task.worker)} className="in-text wraps">
                  {task.worker}
                </Link>
              </>
            )}
          </span>
        </p>
        {task.exception !== null && <code className="said wraps">{task.exception}</code>}
        <p className="uuid">
          <code className="faint wraps">{task.uuid}</code>
          <CopyButton text={task.uuid} what="the id" />
        </p>
        <TaskActions task={task} />
      </section>
      <Timeline task={task} />
      <div className="halves">
        <TextPanel title="Positional arguments" text={task.args} />
        <TextPanel title="Keyword arguments" text={task.kwargs} />
      </div>
      {task.result !== null && <TextPanel title="Result" text={task.result} />}
      {task.traceback !== null && <TextPanel title="Traceback" text={task.traceback} isTall />}
      <Attempts task={task} />
      <div className="halves">
        <Details task={task} />
        <Relations task={task} />
      </div>
      <TaskEvents events={task.events} />
    </>
  );
}

function Details({ task }: { readonly task: TaskView }) {
  return (
    <Panel title="Details">
      <Pairs
        of={[
          [
            "Queue",
            task.queue !== null && (
              <Link href={pages.tasksWhere({ queue: task.queue })} className="wraps">
                {task.queue}
              </Link>
            ),
          ],
          ["Exchange", task.exchange === "" ? "the default one" : task.exchange],
          ["Routing key", task.routingKey],
          ["Retries", task.retries],
          ["ETA", iso(task.eta)],
          ["Expires", iso(task.expires)],
          ["Sent by", task.client],
          ["Last heard", <Instant key="heard" at={task.timestamp} />],
        ].map(([name, value]) => [name as string, value === false ? null : value] as const)}
      />
    </Panel>
  );
}

function iso(text: string | null) {
  if (text === null) return null;
  const at = parseIso(text);
  return at === null ? text : <Instant at={at} />;
}
