/** Tasks by runs, as a field of small squares: the newest run at the right, under a bar as high as it took long. */
import { useContext, useLayoutEffect, useRef } from "react";
import { Link } from "wouter";
import type { DagGridRow, DagView } from "../../../shared/dag-contract.ts";
import { pages } from "../../address.ts";
import { now } from "../../clock.ts";
import { duration } from "../../format/duration.ts";
import { exact } from "../../format/instant.ts";
import { Square } from "../../parts/dag-state.tsx";
import { FaceContext } from "../../parts/instant.tsx";
import { countsText, dagLookOf, leadingState, toneOf } from "../../present/dag-look.ts";

const leastShare = 0.06;

export function RunMatrix({ dag, current }: { readonly dag: DagView; readonly current: string | null }) {
  const box = useRef<HTMLDivElement>(null);
  const { zone } = useContext(FaceContext);
  // What is newest is to be seen, however narrow the window.
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollLeft = box.current.scrollWidth;
  }, []);
  const runs = dag.runs.toReversed();
  const longest = Math.max(...runs.map(lengthOf), Number.MIN_VALUE);
  const nameOf = (run: DagGridRow) => `${dagLookOf(run.state).word}, ${exact(run.logicalDate, zone)}, ${run.type}`;
  return (
    <div className="matrix scroll" ref={box}>
      <table>
        <caption className="unseen">How each task went in each run</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">Task</span>
              <span className="faint figures" aria-hidden="true">
                {duration(longest)}
              </span>
            </th>
            {runs.map((run) => (
              <th key={run.id} scope="col" className={run.id === current ? "here" : undefined}>
                <Link
                  href={pages.dagRun(dag.id, run.id)}
                  className="bar"
                  title={`${nameOf(run)}\n${run.started === null ? "not started" : duration(lengthOf(run))}\n${run.id}`}
                  aria-label={nameOf(run)}
                  aria-current={run.id === current ? "true" : undefined}
                >
                  <span className={toneOf(run.state)} style={{ height: `${Math.max(leastShare, lengthOf(run) / longest) * 100}%` }} />
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {dag.tasks.map((task) => (
            <tr key={task.id}>
              <th scope="row" title={`${task.id}${task.operator === "" ? "" : ` (${task.operator})`}`}>
                <span className="cut">{task.id}</span>
              </th>
              {runs.map((run) => {
                const counts = run.cells[task.id];
                const text = countsText(counts);
                const isMany = Object.values(counts ?? {}).reduce((sum, each) => sum + each, 0) > 1;
                return (
                  <td key={run.id} className={run.id === current ? "here" : undefined}>
                    <Link href={pages.dagRun(dag.id, run.id)} title={`${task.id}: ${text}`} aria-label={text} tabIndex={-1}>
                      <Square state={leadingState(counts)} isMany={isMany} />
                    </Link>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One that runs is as long as it has run. */
function lengthOf({ started, ended }: DagGridRow): number {
  return started === null ? 0 : Math.max(0, (ended ?? now()) - started);
}
