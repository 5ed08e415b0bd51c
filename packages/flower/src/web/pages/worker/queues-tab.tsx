/** The queues it takes from; one can be added, each can be left. */
import { Link } from "wouter";
import { pages } from "../../address.ts";
import { actOnWorker } from "../../api/actions.ts";
import { ActButton } from "../../parts/act-button.tsx";
import { ActForm } from "../../parts/act-form.tsx";
import { Panel } from "../../parts/panel.tsx";
import { inspectedQueue } from "../../present/inspected.ts";
import { NotAsked } from "./not-asked.tsx";
import type { TabProps } from "./tab-props.ts";

export function QueuesTab({ worker, refusal, refresh }: TabProps) {
  return (
    <Panel title="Takes from" flush>
      {worker.activeQueues === null ? (
        <NotAsked />
      ) : (
        <table className="grid">
          <caption className="unseen">Queues it takes from</caption>
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col" className="rank-2">
                Exchange
              </th>
              <th scope="col" className="rank-2">
                Routing key
              </th>
              <th scope="col" className="rank-3">
                Is
              </th>
              <th scope="col" className="w-9">
                <span className="unseen">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {worker.activeQueues.map(inspectedQueue).map(({ name, exchange, routingKey, flags }) => (
              <tr key={name}>
                <td>
                  <Link className="main-link" href={pages.tasksWhere({ queue: name })}>
                    {name}
                  </Link>
                </td>
                <td className="rank-2">{exchange ?? "–"}</td>
                <td className="rank-2">{routingKey ?? "–"}</td>
                <td className="rank-3 faint">{flags.join(", ") || "–"}</td>
                <td className="number">
                  <ActButton
                    label="Leave"
                    refusal={refusal}
                    ask={{
                      title: `Stop taking from ${name}?`,
                      text: <p>{worker.name} takes nothing more from this queue until it is added again.</p>,
                    }}
                    act={() => actOnWorker(worker.name, "cancel-consumer", { queue: name })}
                    onDone={refresh}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="panel-foot">
        <ActForm
          label="Take from another queue"
          verb="Add"
          refusal={refusal}
          act={({ queue }) => actOnWorker(worker.name, "add-consumer", { queue })}
          onDone={refresh}
        >
          <label className="field-label">
            Take from another queue
            <input className="field" name="queue" required placeholder="Name of the queue" autoComplete="off" />
          </label>
        </ActForm>
      </div>
    </Panel>
  );
}
