/** The task instances of a run, each with what is known of it and of its tries. */
import { useState } from "react";
import type { DagInstance } from "../../../shared/dag-contract.ts";
import { duration } from "../../format/duration.ts";
import { counted } from "../../format/number.ts";
import { DagState } from "../../parts/dag-state.tsx";
import { Instant, Since } from "../../parts/instant.tsx";
import { Empty, Pairs } from "../../parts/panel.tsx";

const shownAtOnce = 100;

export function InstanceList({ instances }: { readonly instances: readonly DagInstance[] }) {
  const [most, setMost] = useState(shownAtOnce);
  if (instances.length === 0) return <Empty icon="clock" title="Nothing was decided yet" />;
  return (
    <>
      <ul className="limits instances">
        {instances.slice(0, most).map((instance) => (
          <li key={`${instance.task} ${instance.mapIndex}`}>
            <Instance instance={instance} />
          </li>
        ))}
      </ul>
      {instances.length > most && (
        <div className="panel-foot">
          <button type="button" className="button" onClick={() => setMost(most + shownAtOnce)}>
            Show {counted(Math.min(shownAtOnce, instances.length - most), "more", "more")}
          </button>
        </div>
      )}
    </>
  );
}

function Instance({ instance }: { readonly instance: DagInstance }) {
  const { task, mapIndex, state, tryNumber, maxTries, reason, tries } = instance;
  return (
    <details>
      <summary>
        <span className="main-link cut">
          {task}
          {mapIndex >= 0 && <span className="faint"> [{mapIndex}]</span>}
        </span>
        <DagState state={state} />
        <span className="faint figures desk-only try">{tryNumber === 0 ? "" : `try ${tryNumber} of ${maxTries}`}</span>
        <span className="figures lasted">
          <Lasted started={instance.started} ended={instance.ended} />
        </span>
      </summary>
      <div className="inside">
        {reason !== null && <p className={`notice ${state === "failed" ? "bad" : "idle"}`}>{reason}</p>}
        <div className="halves">
          <Places instance={instance} />
          <Times instance={instance} />
        </div>
        {tries.length > 0 && <Tries instance={instance} />}
      </div>
    </details>
  );
}

function Places({ instance: { queue, pool, weight, hostname, tryNumber, maxTries } }: { readonly instance: DagInstance }) {
  return (
    <Pairs
      of={[
        ["Try", tryNumber === 0 ? "none yet" : `${tryNumber} of ${maxTries}`],
        ["Host", hostname],
        ["Queue", queue],
        ["Pool", pool],
        ["Weight", weight],
      ]}
    />
  );
}

function Times({ instance: { queued, started, ended, next } }: { readonly instance: DagInstance }) {
  return (
    <Pairs
      of={[
        ["Queued", <Instant key="at" at={queued} />],
        ["Started", <Instant key="at" at={started} />],
        ["Ended", <Instant key="at" at={ended} />],
        ["Goes on", <Instant key="at" at={next} />],
      ]}
    />
  );
}

function Tries({ instance: { task, tries } }: { readonly instance: DagInstance }) {
  return (
    <div className="scroll">
      <table className="grid">
        <caption className="unseen">Tries of {task} that have ended</caption>
        <thead>
          <tr>
            <th scope="col" className="w-4">
              Try
            </th>
            <th scope="col" className="w-8">
              Ended as
            </th>
            <th scope="col" className="rank-2 w-8">
              Ended
            </th>
            <th scope="col" className="rank-2 w-6">
              Duration
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {tries.map((each) => (
            <tr key={each.number}>
              <td className="figures">{each.number}</td>
              <td>
                <DagState state={each.state} />
              </td>
              <td className="rank-2">
                <Instant at={each.ended} />
              </td>
              <td className="rank-2 figures">
                <Lasted started={each.started} ended={each.ended} />
              </td>
              <td className="wraps">{each.reason ?? <span className="faint">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Lasted({ started, ended }: { readonly started: number | null; readonly ended: number | null }) {
  if (started === null) return null;
  return ended === null ? <Since at={started} /> : duration(ended - started);
}
