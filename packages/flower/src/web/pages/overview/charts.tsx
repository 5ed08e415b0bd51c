/** How much ran and how long it took, over a range that one chooses. Drawing over a part leads to its tasks. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Series } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { seriesQuery } from "../../api/queries.ts";
import { duration } from "../../format/duration.ts";
import { shortCount } from "../../format/number.ts";
import { Chart } from "../../parts/chart.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Segments } from "../../parts/segments.tsx";

const hour = 3_600;
const ranges = [
  ["1 h", hour],
  ["6 h", 6 * hour],
  ["24 h", 24 * hour],
  ["7 d", 168 * hour],
  ["30 d", 720 * hour],
] as const;

export function Charts({ hour: lastHour }: { readonly hour: Series }) {
  const [seconds, setSeconds] = useState<number>(hour);
  const asked = useQuery({ ...seriesQuery(seconds), enabled: seconds !== hour, refetchInterval: 60_000 });
  const series = seconds === hour ? lastHour : (asked.data ?? lastHour);
  const [, go] = useLocation();
  const toTasks = (from: number, to: number) => go(pages.tasksWhere({ from: String(Math.floor(from)), to: String(Math.ceil(to)) }));
  const points = series.points;
  const at = points.map((point) => point.at);
  return (
    <div className="halves">
      <Panel title="Tasks" end={<Segments<number> label="Range" choices={ranges} value={seconds} onChoose={setSeconds} />}>
        <Chart
          title={`Tasks that ended, every ${duration(series.step)}`}
          kind="bars"
          at={at}
          series={[
            { title: "Failed", ink: "bad", values: points.map(({ failed }) => failed) },
            { title: "Retried", ink: "warn", values: points.map(({ retried }) => retried) },
            { title: "Succeeded", ink: "good", values: points.map(({ succeeded }) => succeeded) },
          ]}
          format={shortCount}
          onRange={toTasks}
        />
      </Panel>
      <Panel title="Wait and run">
        <Chart
          title="How long tasks waited and ran"
          kind="lines"
          at={at}
          series={[
            { title: "Wait, p50", ink: "warn", values: points.map(({ waitP50 }) => waitP50), isDashed: true },
            { title: "Wait, p95", ink: "warn", values: points.map(({ waitP95 }) => waitP95) },
            { title: "Run, p50", ink: "busy", values: points.map(({ runP50 }) => runP50), isDashed: true },
            { title: "Run, p95", ink: "busy", values: points.map(({ runP95 }) => runP95) },
          ]}
          format={duration}
          onRange={toTasks}
        />
      </Panel>
    </div>
  );
}
