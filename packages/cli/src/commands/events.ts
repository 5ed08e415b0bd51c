/** `celeriac events`: prints the events of workers and producers until a signal ends it. */
import { createLogger, type Logger, type ReceivedEvent, receiveEvents } from "@celeriac/core/runtime";
import { withBroker } from "../broker-access.ts";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { readableLine } from "../readable-log.ts";
import { trapSignals } from "../signals.ts";

/** Resolves with the exit code. Throws BROKER_*, CONFIG_*, APP_NOT_FOUND. */
export async function events(args: CommandArguments<"events">, output: Output): Promise<number> {
  let stop: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const endSignals = trapSignals({ warm: stop, cold: stop });
  try {
    return await withBroker(args.common, async ({ broker, runtime }) => {
      runtime.setLogger(await openLog(output));
      const subscription = await receiveEvents({
        broker,
        settings: runtime.settings,
        lamport: runtime.lamport,
        logger: runtime.logger,
        received: (event) => output.print(output.json ? JSON.stringify(event) : eventLine(event, output)),
      });
      output.remark("Events are shown as they come; Ctrl-C ends this.");
      await stopped;
      await subscription.close();
      return exitCode.done;
    });
  } finally {
    endSignals();
  }
}

/** A broker that is away is told of on stderr, beside the events. */
function openLog(output: Output): Promise<Logger> {
  const look = { colors: output.colors, columns: () => output.columns };
  return createLogger({ level: "warn", sink: { write: (line) => output.remark(readableLine(line, look)) } });
}

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

/** On one line, and without what would steer a terminal: an event may be anybody's. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.replace(/\p{C}/gu, (sign) => JSON.stringify(sign).slice(1, -1).replace(/\p{C}/gu, "\ufffd"));
}
