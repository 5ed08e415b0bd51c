/** One event on one line, for people. */
import type { ReceivedEvent } from "@celeriac/core/runtime";
import type { Output } from "./output.ts";

/** What stands in every event and is of interest to machines only. */
const unshown: ReadonlySet<string> = new Set(["type", "hostname", "timestamp", "utcoffset", "pid", "clock", "uuid"]);

/** When, who, what, of which task, and all else as key=value. */
export function eventLine(event: ReceivedEvent, { colors }: Pick<Output, "colors">): string {
  const { timestamp, hostname, type, uuid } = event;
  const rest = Object.entries(event)
    .filter(([name, value]) => !unshown.has(name) && value !== null && value !== "")
    .map(([name, value]) => `${colors.dim(`${shown(name)}=`)}${shown(value)}`);
  const when = typeof timestamp === "number" ? instant(timestamp) : "-";
  return [colors.dim(when), shown(hostname ?? "-"), colors.bold(shown(type)), ...(uuid === undefined ? [] : [shown(uuid)]), ...rest].join(
    " ",
  );
}

function instant(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1_000);
  return Number.isNaN(date.getTime()) ? "-" : date.toISOString();
}

/** A value on one line, and without what would steer a terminal: an event may be anybody's. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.replace(/\p{C}/gu, (sign) => JSON.stringify(sign).slice(1, -1).replace(/\p{C}/gu, "\ufffd"));
}
