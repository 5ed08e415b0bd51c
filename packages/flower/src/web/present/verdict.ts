/** Is it healthy? Reads an overview as somebody on call would: what is wrong, worst first, and one sentence about the whole. Pure. */
import type { Overview } from "../../shared/contract.ts";
import { duration } from "../format/duration.ts";
import { count, counted, percent } from "../format/number.ts";

export type Level = "good" | "idle" | "warn" | "bad";

/** What a problem's link leads to; the page makes an address of it. */
export type Lead =
  | { readonly to: "workers"; readonly show?: "offline" }
  | { readonly to: "tasks"; readonly filter: Readonly<Record<string, string>> };

export interface Trouble {
  readonly level: "warn" | "bad";
  readonly text: string;
  readonly lead: Lead | null;
}

export interface Verdict {
  readonly level: Level;
  readonly headline: string;
  readonly troubles: readonly Trouble[];
}

/** Share of failures in five minutes that deserves a look, and that somebody should be woken for. */
const failingWarn = 0.05;
const failingBad = 0.25;
const oldWait = 300;
const isSurge = ({ failed, ended }: { readonly failed: number; readonly ended: number }) => failed >= 5 && failed / ended >= 0.5;

export function verdictOf(overview: Overview): Verdict {
  const troubles = [...workerTroubles(overview), ...queueTroubles(overview), ...failureTroubles(overview)].sort(worstFirst);
  const worst = troubles[0]?.level;
  if (worst !== undefined)
    return { level: worst, headline: troubles.length === 1 ? troubles[0]!.text : `${troubles.length} things need a look`, troubles };
  if (overview.failureRate === null) return { level: "idle", headline: "Ready, and nothing has run in the last five minutes", troubles };
  return { level: "good", headline: "All is well", troubles };
}

function workerTroubles({ workers: { online, offline, active, slots }, queues }: Overview): readonly Trouble[] {
  const troubles: Trouble[] = [];
  if (online === 0)
    troubles.push({ level: "bad", text: offline === 0 ? "No worker has been heard of" : "No worker is online", lead: { to: "workers" } });
  else if (offline > 0)
    troubles.push({
      level: "warn",
      text: `${counted(offline, "worker")} ${offline === 1 ? "is" : "are"} offline`,
      lead: { to: "workers", show: "offline" },
    });
  const waiting = queues.reduce((sum, { messages }) => sum + (messages ?? 0), 0);
  if (slots !== null && slots > 0 && active >= slots && waiting > 0)
    troubles.push({
      level: "warn",
      text: `Every slot is busy and ${counted(waiting, "message")} wait${waiting === 1 ? "s" : ""}`,
      lead: { to: "workers" },
    });
  return troubles;
}

function queueTroubles({ queues }: Overview): readonly Trouble[] {
  const troubles: Trouble[] = [];
  for (const { name, messages, oldest, consumers, paused } of queues) {
    if (paused) continue;
    const lead: Lead = { to: "tasks", filter: { queue: name } };
    if (messages !== null && messages > 0 && consumers === 0)
      troubles.push({ level: "bad", text: `Queue ${name} has ${counted(messages, "message")} and no consumer`, lead });
    else if (oldest !== null && oldest > oldWait)
      troubles.push({ level: "warn", text: `The oldest message in ${name} has waited ${duration(oldest)}`, lead });
  }
  return troubles;
}

function failureTroubles({ failureRate, failing }: Overview): readonly Trouble[] {
  const troubles: Trouble[] = [];
  const failures: Lead = { to: "tasks", filter: { state: "FAILURE" } };
  if (failureRate !== null && failureRate >= failingWarn)
    troubles.push({
      level: failureRate >= failingBad ? "bad" : "warn",
      text: `${percent(failureRate)} of the tasks of the last five minutes failed`,
      lead: failures,
    });
  for (const kind of failing.filter(isSurge).slice(0, 3))
    troubles.push({
      level: "warn",
      text: `${kind.name} failed ${count(kind.failed)} of ${count(kind.ended)} times in the last hour`,
      lead: { to: "tasks", filter: { state: "FAILURE", name: kind.name } },
    });
  return troubles;
}

function worstFirst(one: Trouble, other: Trouble): number {
  return Number(other.level === "bad") - Number(one.level === "bad");
}
