/** Every try, where there was more than one. */
import { Link } from "wouter";
import type { TaskView } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { duration } from "../../format/duration.ts";
import { Instant } from "../../parts/instant.tsx";
import { Panel } from "../../parts/panel.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { attemptsOf } from "../../present/timeline.ts";

export function Attempts({ task }: { readonly task: TaskView }) {
  const attempts = attemptsOf(task);
  if (attempts.length < 2) return null;
  return (
    <Panel title="Attempts" flush>
      <table className="grid">
        <caption className="unseen">Attempts</caption>
        <thead>
          <tr>
            <th scope="col" className="w-4">
              #
            </th>
            <th scope="col" className="w-8">
              Outcome
            </th>
            <th scope="col">Said</th>
            <th scope="col" className="rank-2 w-11">
              Worker
            </th>
            <th scope="col" className="number rank-2 w-6">
              Ran
            </th>
            <th scope="col" className="number rank-2 w-8">
              Ended
            </th>
          </tr>
        </thead>
        <tbody>
          {attempts.map(({ number, outcome, exception, worker, startedAt, endedAt }) => (
            <tr key={number}>
              <td className="figures">{number}</td>
              <td>
                <StateBadge state={outcome} />
              </td>
              <td>
                <code title={exception ?? undefined}>{exception ?? "–"}</code>
              </td>
              <td className="rank-2">
                <Link className="quiet-link" href={pages.worker(worker)}>
                  {worker}
                </Link>
              </td>
              <td className="number rank-2">{startedAt === null ? "–" : duration(endedAt - startedAt)}</td>
              <td className="number rank-2">
                <Instant at={endedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
