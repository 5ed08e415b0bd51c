/** `celeriac events`: shows the events of workers and producers, as lines or as a picture of what goes on, until it is ended. */
import { createLogger, type Logger, type ReceivedEvent, receiveEvents } from "@celeriac/core/runtime";
import { type BrokerAccess, withBroker } from "../broker-access.ts";
import type { CommandArguments } from "../command-table.ts";
import { eventLine } from "../event-line.ts";
import { exitCode } from "../exit-code.ts";
import { type LiveEvents, openLiveEvents } from "../live/live-events.ts";
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
  const isLive = !args.options.dump && !output.json && process.stdin.isTTY === true && process.stdout.isTTY === true;
  try {
    return await withBroker(args.common, async (access) => {
      const shown = isLive ? openLiveEvents(access, output, stop) : await openLines(access, output);
      try {
        const { settings, lamport, logger } = access.runtime;
        const subscription = await receiveEvents({ broker: access.broker, settings, lamport, logger, received: shown.received });
        await stopped;
        await subscription.close();
      } finally {
        shown.close();
      }
      return exitCode.done;
    });
  } finally {
    endSignals();
  }
}

async function openLines({ runtime }: BrokerAccess, output: Output): Promise<Pick<LiveEvents, "received" | "close">> {
  runtime.setLogger(await openLog(output));
  output.remark("Events are shown as they come; Ctrl-C ends this.");
  return {
    received: (event: ReceivedEvent) => output.print(output.json ? JSON.stringify(event) : eventLine(event, output)),
    close() {},
  };
}

/** A broker that is away is told of on stderr, beside the events. */
function openLog(output: Output): Promise<Logger> {
  const look = { colors: output.colors, columns: () => output.columns };
  return createLogger({ level: "warn", sink: { write: (line) => output.remark(readableLine(line, look)) } });
}
