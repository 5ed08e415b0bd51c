/** What is wrong with the monitor itself, or with what it watches, as sentences. Pure. */
import type { Banner } from "../../shared/contract.ts";
import type { HistoryFacts } from "../history/history.ts";
import type { Posture } from "../security/posture.ts";

export interface BannerFacts {
  readonly history: HistoryFacts;
  readonly posture: Posture;
  /** false: the history is kept in memory */
  readonly isPersistent: boolean;
  /** epoch seconds; null: the broker can be reached */
  readonly awaySince: number | null;
  /** epoch seconds of the last event; null: none was heard since the start */
  readonly heardAt: number | null;
  /** epoch seconds */
  readonly startedAt: number;
  readonly now: number;
}

/** Heartbeats come every two seconds from each worker. */
const silenceSeconds = 60;

export function bannersOf({ history, posture, isPersistent, awaySince, heardAt, startedAt, now }: BannerFacts): readonly Banner[] {
  const banners: Banner[] = [];
  const add = (kind: Banner["kind"], text: string, since: number | null = null) => banners.push({ kind, text, since });
  const silentSince = heardAt ?? startedAt;
  if (awaySince !== null)
    add("broker-away", "The broker cannot be reached. What happens meanwhile is not heard, and what is shown is from before.", awaySince);
  else if (now - silentSince > silenceSeconds)
    add(
      "no-events",
      "No events are heard. Workers tell them when they run, with -E or worker_send_task_events also those of tasks.",
      silentSince,
    );
  if (history.trouble !== null) add("history-trouble", `The history cannot be written: ${history.trouble}`);
  if (history.setAside !== null)
    add("history-set-aside", `The file of the history could not be read, and was set aside as ${history.setAside}; a new one was begun.`);
  if (!isPersistent) add("memory-only", "The history is kept in memory only, and ends with the monitor.");
  if (history.dropped > 0)
    add("events-dropped", `${history.dropped} events were given up because too many came at once; none of them ended a task.`);
  if (posture === "open")
    add("open-to-all", "Whoever reaches this monitor can change things: no login is configured, and FLOWER_UNAUTHENTICATED_API is set.");
  return banners;
}
