/** The tasks it has: those that run with how long already, those that wait in it, what it has done, what it will refuse. */
import { Link } from "wouter";
import { pages } from "../../address.ts";
import { parseIso } from "../../format/instant.ts";
import { count } from "../../format/number.ts";
import { Instant, Since } from "../../parts/instant.tsx";
import { Empty, Panel } from "../../parts/panel.tsx";
import { type Fields, fieldsOf, type InspectedTask, inspectedTask, numberOf } from "../../present/inspected.ts";
import type { TabProps } from "./tab-props.ts";

export function TasksTab({ worker }: TabProps) {
  const totals = Object.entries(fieldsOf(worker.stats?.["total"])).sort(([one], [other]) => one.localeCompare(other));
  return (
    <div className="stack">
      <TaskPanel title="Running" tasks={worker.activeTasks} />
      <TaskPanel title="Reserved" tasks={worker.reserved} />
      <TaskPanel title="Scheduled" tasks={worker.scheduled} />
      <div className="halves">
        <Panel title="Processed" flush>
          {totals.length === 0 ? (
            <Empty icon="tasks" title="Nothing yet" />
          ) : (
            <table className="grid">
              <caption className="unseen">Tasks it has processed, by name</caption>
              <tbody>
                {totals.map(([name, total]) => (
                  <tr key={name}>
                    <td>
                      <Link className="main-link" href={pages.tasksWhere({ name, worker: worker.name })} title={name}>
                        {name}
                      </Link>
                    </td>
                    <td className="number w-7">{count(numberOf(total) ?? 0)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Panel>
        <Panel title="Revoked">
          {worker.revoked === null || worker.revoked.length === 0 ? (
            <p className="faint">It refuses no task.</p>
          ) : (
            <ul className="ids">
              {worker.revoked.map((uuid) => (
                <li key={uuid}>
                  <Link className="mono wraps" href={pages.task(uuid)}>
                    {uuid}
                  </Link>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
    </div>
  );
}

function TaskPanel({ title, tasks }: { readonly title: string; readonly tasks: readonly Fields[] | null }) {
  const read = (tasks ?? []).map(inspectedTask);
  return (
    <Panel title={title} flush end={tasks !== null && <span className="faint figures">{count(tasks.length)}</span>}>
      {read.length === 0 ? (
        <p className="panel-body faint">{tasks === null ? "The worker has not answered yet." : "None."}</p>
      ) : (
        <table className="grid">
          <caption className="unseen">{title}</caption>
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col" className="rank-2">
                Arguments
              </th>
              <th scope="col" className="number w-9">
                {title === "Scheduled" ? "Due" : "For"}
              </th>
              <th scope="col" className="number w-5 rank-3">
                Process
              </th>
            </tr>
          </thead>
          <tbody>
            {read.map((task) => (
              <TaskLine key={task.id} task={task} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function TaskLine({ task }: { readonly task: InspectedTask }) {
  const words = [task.args, task.kwargs].filter((text) => text !== null && text !== "{}" && text !== "[]" && text !== "()").join(" ");
  return (
    <tr>
      <td>
        <Link className="main-link" href={pages.task(task.id)} title={task.id}>
          {task.name ?? task.id}
        </Link>
      </td>
      <td className="rank-2">
        <code className="soft" title={words}>
          {words || "–"}
        </code>
      </td>
      <td className="number">
        {task.eta !== null ? (
          <Instant at={parseIso(task.eta)} />
        ) : task.startedAt !== null && task.startedAt > 1e9 ? (
          <Since at={task.startedAt} />
        ) : (
          "–"
        )}
      </td>
      <td className="number rank-3">{task.pid ?? "–"}</td>
    </tr>
  );
}
