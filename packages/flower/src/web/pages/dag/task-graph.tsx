/** The picture of a run: its tasks as boxes in the colours of their states, and what waits for what. */
import { useMemo } from "react";
import type { DagRunView } from "../../../shared/dag-contract.ts";
import { Square } from "../../parts/dag-state.tsx";
import { boxHeight, boxWidth, layoutOf } from "../../present/dag-layout.ts";
import { countStates, countsText, leadingState, toneOf } from "../../present/dag-look.ts";

export function TaskGraph({ run: { tasks, instances } }: { readonly run: DagRunView }) {
  const layout = useMemo(() => layoutOf(tasks), [tasks]);
  const counts = useMemo(() => {
    const states = new Map<string, string[]>();
    for (const { task, state } of instances) states.set(task, [...(states.get(task) ?? []), state]);
    return new Map([...states].map(([task, own]) => [task, countStates(own)]));
  }, [instances]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
    <section className="dag-graph scroll" aria-label="What waits for what" tabIndex={0}>
      <div className="drawing" style={{ width: layout.width, height: layout.height }}>
        <svg className="edges" width={layout.width} height={layout.height} aria-hidden="true">
          {layout.edges.map(({ key, path }) => (
            <path key={key} d={path} />
          ))}
        </svg>
        {layout.boxes.map(({ task, x, y }) => {
          const state = leadingState(counts.get(task.id));
          const text = countsText(counts.get(task.id));
          return (
            <div
              key={task.id}
              className={`box ${toneOf(state)}`}
              style={{ left: x, top: y, width: boxWidth, height: boxHeight }}
              title={`${task.id}: ${text}${task.triggerRule === "" ? "" : ` (${task.triggerRule})`}`}
            >
              <Square state={state} />
              <span className="told">
                <strong className="cut">{task.id}</strong>
                <span className="how cut">{text}</span>
              </span>
            </div>
          );
        })}
      </div>
    </section>
  );
}
