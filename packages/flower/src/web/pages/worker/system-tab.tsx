/** What it uses of its machine, and how it is connected. */

import { bytes, count } from "../../format/number.ts";
import { Pairs, Panel } from "../../parts/panel.tsx";
import { fieldsOf, numberOf, pairsOf } from "../../present/inspected.ts";
import { NotAsked } from "./not-asked.tsx";
import type { TabProps } from "./tab-props.ts";

/** Fields of getrusage(2) as they are meant. */
const usage = [
  ["utime", "Processor, in its own code", seconds],
  ["stime", "Processor, in the system", seconds],
  ["maxrss", "Memory at most", (value: number) => bytes(value * 1024)],
  ["minflt", "Page faults without reading", count],
  ["majflt", "Page faults with reading", count],
  ["inblock", "Blocks read", count],
  ["oublock", "Blocks written", count],
  ["nvcsw", "Gave way by itself", count],
  ["nivcsw", "Was made to give way", count],
] as const;

const elsewhere = new Set(["pool", "broker", "rusage", "total", "autoscaler", "pid", "uptime", "prefetch_count"]);

export function SystemTab({ worker: { stats } }: TabProps) {
  if (stats === null)
    return (
      <Panel title="System">
        <NotAsked />
      </Panel>
    );
  const used = fieldsOf(stats["rusage"]);
  const told = usage.flatMap(([field, title, show]) => {
    const value = numberOf(used[field]);
    return value === null ? [] : [[title, show(value)] as const];
  });
  const other = pairsOf(stats).filter(([name]) => !elsewhere.has(name));
  return (
    <div className="halves">
      <Panel title="System">{told.length === 0 ? <p className="faint">It tells nothing of it.</p> : <Pairs of={told} />}</Panel>
      <Panel title="Broker">
        <Pairs of={pairsOf(fieldsOf(stats["broker"]))} isCode />
      </Panel>
      {other.length > 0 && (
        <Panel title="Other">
          <Pairs of={other} isCode />
        </Panel>
      )}
    </div>
  );
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}
