/** The queues that hold most, with who takes from them. */
import { Link } from "wouter";
import type { QueueRow } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { duration } from "../../format/duration.ts";
import { count } from "../../format/number.ts";
import { Empty, Panel } from "../../parts/panel.tsx";

const most = 12;

export function Queues({ queues }: { readonly queues: readonly QueueRow[] }) {
  const busiest = [...queues].sort((one, other) => (other.messages ?? -1) - (one.messages ?? -1) || one.name.localeCompare(other.name));
  // Redis keeps no times of messages.
  const isAged = queues.some(({ oldest }) => oldest !== null);
  return (
    <Panel title="Queues" flush end={queues.length > most && <span className="faint">{`the fullest ${most} of ${queues.length}`}</span>}>
      {queues.length === 0 ? (
        <Empty icon="inbox" title="No queue is known yet">
          Queues are shown once a worker takes from them.
        </Empty>
      ) : (
        <table className="grid">
          <caption className="unseen">Queues</caption>
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col" className="number w-5">
                Waiting
              </th>
              {isAged && (
                <th scope="col" className="number w-5">
                  Oldest
                </th>
              )}
              <th scope="col" className="number w-7 rank-2">
                Consumers
              </th>
            </tr>
          </thead>
          <tbody>
            {busiest.slice(0, most).map((queue) => (
              <tr key={queue.name}>
                <td>
                  <span className="marked">
                    <Link className="main-link cut" href={pages.tasksWhere({ queue: queue.name })} title={queue.name}>
                      {queue.name}
                    </Link>
                    <Mark queue={queue} />
                  </span>
                </td>
                <td className="number">{queue.messages === null ? <span className="faint">–</span> : count(queue.messages)}</td>
                {isAged && <td className="number">{queue.oldest === null ? <span className="faint">–</span> : duration(queue.oldest)}</td>}
                <td className="number rank-2">{count(queue.consumers)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** A queue without a consumer is only a trouble when something waits in it. */
function Mark({ queue: { paused, messages, consumers } }: { readonly queue: QueueRow }) {
  if (paused) return <span className="state idle plain-state">Paused</span>;
  if (messages !== null && messages > 0 && consumers === 0) return <span className="state bad plain-state">No consumer</span>;
  return null;
}
