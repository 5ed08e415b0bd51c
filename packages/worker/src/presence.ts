/** Tells monitors that a worker is there: when it comes, every 2 s unless told, when it is asked to, and when it goes. */

import { loadavg, type as systemName } from "node:os";
import type { CeleryEvents, Clock, EventDispatcher, Timer } from "@celeriac/core/runtime";
import { workerVersion } from "./version.ts";

export interface Presence {
  online(): void;
  /** At once, and not only when it is time. */
  beat(): void;
  /** Resolves when what was told so far is sent, or given up. Never rejects. */
  offline(): Promise<void>;
}

export interface PresenceOptions {
  readonly dispatcher: EventDispatcher;
  readonly clock: Clock;
  /** tasks that run now, and that were received so far */
  readonly load: () => { readonly active: number; readonly processed: number };
  /** how often it tells that it is there; 0: it tells nothing of itself */
  readonly beatMs: number;
  /** called after each beat */
  readonly beaten: () => void;
}

const lastWordsMs = 1_000;

export function createPresence({ dispatcher, clock, load, beatMs, beaten }: PresenceOptions): Presence {
  const software = { sw_ident: "celeriac", sw_ver: workerVersion(), sw_sys: systemName() };
  let beating: Timer | null = null;

  const facts = (): CeleryEvents["worker-online"] => ({
    freq: beatMs / 1_000,
    ...load(),
    loadavg: loadavg().map((load) => Math.round(load * 100) / 100),
    ...software,
  });

  // A beat that comes late would say that the worker lived then.
  const beat = () => {
    if (dispatcher.isAway) return;
    dispatcher.send("worker-heartbeat", facts());
    beaten();
  };

  return {
    online() {
      if (beatMs === 0) return;
      dispatcher.send("worker-online", facts());
      beating = clock.every(beatMs, beat);
    },
    beat,
    async offline() {
      beating?.cancel();
      if (beating !== null) dispatcher.send("worker-offline", facts());
      await dispatcher.close(lastWordsMs);
    },
  };
}
