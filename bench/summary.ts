/** What may be claimed of a run, in Markdown: ratios to the peers with their spread, no absolute figures. */
import type { PoolName, Who } from "./options.ts";
import { ratioOf, ratioText } from "./ratio.ts";
import { howOf, type Row, sameTask } from "./row.ts";

const others: readonly Exclude<Who, "celeriac">[] = ["bullmq", "celery", "raw"];

/** One line for each of our rows; a peer with several ways to be set up that promise different things gets each of them. */
export function summaryOf(rows: readonly Row[]): string {
  const header = ["workload", "broker", "pool", ...others];
  const lines = rows
    .filter(({ who }) => who === "celeriac")
    .map((own) => [
      `${own.workload}, ${howOf(own)}`,
      own.broker,
      own.pool ?? "",
      ...others.map(
        (who) =>
          rows
            .filter((row) => isCounterpart(row, own, who))
            .map((row) => cellOf(own, row))
            .join("<br>") || "–",
      ),
    ]);
  return [header, header.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function isCounterpart(row: Row, own: Row, who: Who): boolean {
  return row.who === who && sameTask(row, own) && row.pool === counterpartPool(who, own.pool);
}

/** The floor has one thread, whatever ours has; Celery has its prefork alone; BullMQ runs tasks in its own thread where it is not sandboxed. */
function counterpartPool(who: Who, pool: PoolName | null): PoolName | null {
  if (pool === null) return null;
  if (who === "raw") return "async";
  if (who === "celery") return "prefork";
  return pool === "inline" ? "async" : pool;
}

function cellOf(own: Row, other: Row): string {
  return `${ratioText(ratioOf(own, other))}${other.setting === "" ? "" : ` ${other.setting}`}`;
}
