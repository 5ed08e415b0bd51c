/** Keeps what an executor saw until the scheduler asks, and tells it that there is something. */
import type { ExecutorEvent } from "./executor.ts";

export interface EventBuffer {
  add(event: ExecutorEvent): void;
  /** Says that something has changed, without an event of its own: a slot is free. */
  tell(): void;
  /** What was added since the last call. */
  take(): readonly ExecutorEvent[];
  onEvent(heard: () => void): void;
}

export function createEventBuffer(): EventBuffer {
  let events: ExecutorEvent[] = [];
  const listeners: (() => void)[] = [];
  const tell = () => {
    for (const heard of listeners) heard();
  };
  return {
    add(event) {
      events.push(event);
      tell();
    },
    tell,
    take() {
      const taken = events;
      events = [];
      return taken;
    },
    onEvent: (heard) => void listeners.push(heard),
  };
}
