/** The four figures of the overview, each with how it came there. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Overview, QueueRow, SeriesPoint } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { duration } from "../../format/duration.ts";
import { count, counted, percent, rate, shortCount } from "../../format/number.ts";
import { Sparkline } from "../../parts/sparkline.tsx";

export function Figures({ overview }: { readonly overview: Overview }) {
  const { workers, throughput, failureRate, queues, series } = overview;
  const points = series.points;
  const speed = rate(throughput);
  const oldest = oldestOf(queues);
  const counts = queues.flatMap(({ messages }) => messages ?? []);
  const share = workers.slots === null || workers.slots === 0 ? null : workers.active / workers.slots;
  return (
    <div className="tiles">
      <Tile
        title="Throughput"
        note={`${shortCount(sum(points, "succeeded") + sum(points, "failed"))} in the last hour`}
        chart={<Sparkline values={points.map(endedOf)} tone="busy" />}
      >
        {speed.figure}
        <small>{speed.unit}</small>
      </Tile>
      <Tile
        title="Failed"
        note={failureRate === null ? "Nothing ended in five minutes" : "of what ended in five minutes"}
        chart={<Sparkline values={points.map(({ failed }) => failed)} tone="bad" />}
      >
        {failureRate === null ? "–" : percent(failureRate)}
      </Tile>
      <Tile
        title="Waiting"
        note={oldest === null ? `in ${counted(queues.length, "queue")}` : `the oldest for ${duration(oldest.seconds)}, in ${oldest.name}`}
        chart={<Sparkline values={points.map(({ waitP95 }) => waitP95)} tone="warn" />}
      >
        {counts.length === 0 ? "–" : shortCount(counts.reduce((total, each) => total + each, 0))}
      </Tile>
      <Tile
        title="Busy slots"
        note={
          <>
            <Link className="in-text" href={pages.workers}>
              {counted(workers.online, "worker")}
            </Link>{" "}
            online
            {workers.offline > 0 && `, ${count(workers.offline)} offline`}
          </>
        }
        chart={share !== null && <Meter share={share} />}
      >
        {count(workers.active)}
        {workers.slots !== null && <small> of {count(workers.slots)}</small>}
      </Tile>
    </div>
  );
}

interface TileProps {
  readonly title: string;
  readonly note: ReactNode;
  readonly chart: ReactNode;
  readonly children: ReactNode;
}

function Tile({ title, note, chart, children }: TileProps) {
  return (
    <section className="panel tile" aria-label={title}>
      <h2>{title}</h2>
      <p className="figure figures">{children}</p>
      <div className="course">{chart}</div>
      <p className="note cut">{note}</p>
    </section>
  );
}

function Meter({ share }: { readonly share: number }) {
  return (
    <meter
      className="meter"
      min={0}
      max={1}
      high={0.9}
      optimum={0.4}
      value={Math.min(1, share)}
      aria-label="Share of slots that are busy"
    />
  );
}

/** null: nothing waits, or the broker cannot tell for how long, as Redis. */
function oldestOf(queues: readonly QueueRow[]): { readonly name: string; readonly seconds: number } | null {
  let oldest: { name: string; seconds: number } | null = null;
  for (const { name, oldest: seconds } of queues)
    if (seconds !== null && (oldest === null || seconds > oldest.seconds)) oldest = { name, seconds };
  return oldest;
}

function endedOf({ succeeded, failed }: SeriesPoint): number {
  return succeeded + failed;
}

function sum(points: readonly SeriesPoint[], field: "succeeded" | "failed"): number {
  return points.reduce((total, point) => total + point[field], 0);
}
