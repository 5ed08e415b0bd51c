/** Both sides of holding for one consumer: its own long tasks are held, and those of dead workers are given back. */
import type { Timer } from "../../../clock.ts";
import type { QueueTable } from "../../../queue-table.ts";
import { Holder, type HolderParts } from "./holder.ts";
import { HoldWatch, type HoldWatchParts } from "./watch.ts";

export interface Holding {
  readonly holder: Holder;
  /** `holdThoseBefore`: of `Intake` */
  start(holdThoseBefore: (since: number) => Promise<void>): void;
  stop(): void;
}

export interface HoldOptions extends Pick<HolderParts, "outbox" | "publishingLink">, Pick<HoldWatchParts, "timing"> {}

interface ConsumerParts extends Pick<HolderParts, "session" | "logger">, Pick<HoldWatchParts, "clock"> {
  readonly hold: HoldOptions | null;
  readonly delivery: Pick<HoldWatchParts, "publisher" | "marks">;
}

/** null where nothing is to be held. */
export function openHolding({ hold, session, logger, clock, delivery }: ConsumerParts, worker: string, queues: QueueTable): Holding | null {
  if (hold === null) return null;
  const { timing } = hold;
  const holder = new Holder({ worker, session, queues, logger, ...hold });
  let watch: HoldWatch | null = null;
  let look: Timer | null = null;
  return {
    holder,
    start(holdThoseBefore) {
      watch = new HoldWatch({ session, queues, logger, clock, ...hold, ...delivery });
      let isLooking = false;
      look = clock.every(timing.lookEveryMs, async () => {
        if (isLooking) return;
        isLooking = true;
        await Promise.all([holder.look(), holdThoseBefore(clock.monotonic() - timing.afterMs)]);
        isLooking = false;
      });
    },
    stop() {
      look?.cancel();
      holder.close();
      void watch?.close();
    },
  };
}
