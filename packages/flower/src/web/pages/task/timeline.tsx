/** A task's life from sent to its end, with how long each stretch took. */
import type { TaskRow } from "../../../shared/contract.ts";
import { duration } from "../../format/duration.ts";
import { Icon } from "../../parts/icon.tsx";
import { Instant } from "../../parts/instant.tsx";
import { Panel } from "../../parts/panel.tsx";
import { stepsOf } from "../../present/timeline.ts";

export function Timeline({ task }: { readonly task: TaskRow }) {
  const steps = stepsOf(task);
  return (
    <Panel title="Timeline">
      <ol className="timeline">
        {steps.map(({ title, look, at, since, between }) => (
          <li key={title} className={at === null ? "ahead" : undefined}>
            <span className="stretch figures">
              {since !== null && (
                <>
                  <b>{duration(since)}</b> <span className="faint">{between}</span>
                </>
              )}
            </span>
            <span className={`knot tone-${at === null ? "idle" : look.tone}`}>
              <Icon name={look.icon} />
            </span>
            <span className="step">
              <b>{title}</b>
              <Instant at={at} />
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
