/**
 * Messages this process gave back to the head of their queue although no run of them had begun (or only looked at). RabbitMQ marks every such message
 * as redelivered; where it comes back to this process, that mark is known to mean nothing.
 */
import type { Clock } from "../../clock.ts";

export interface HandedBack {
  remember(identity: string): void;
  /** true, once for each time it was remembered in the last minute */
  recall(identity: string): boolean;
}

const rememberMs = 60_000;
const most = 10_000;

export function createHandedBack(clock: Clock): HandedBack {
  /** oldest first; an identity has one entry, with the instant it was last remembered and how often */
  const entries = new Map<string, { readonly at: number; readonly times: number }>();
  return {
    remember(identity) {
      const times = (entries.get(identity)?.times ?? 0) + 1;
      entries.delete(identity);
      entries.set(identity, { at: clock.monotonic(), times });
      for (const oldest of entries.keys()) {
        if (entries.size <= most) break;
        entries.delete(oldest);
      }
    },
    recall(identity) {
      const entry = entries.get(identity);
      if (entry === undefined) return false;
      if (entry.times === 1 || clock.monotonic() - entry.at > rememberMs) entries.delete(identity);
      else entries.set(identity, { at: entry.at, times: entry.times - 1 });
      return clock.monotonic() - entry.at <= rememberMs;
    },
  };
}
