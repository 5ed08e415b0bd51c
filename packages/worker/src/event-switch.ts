/** Whether monitors are told of tasks: on with -E, and at run time by remote control. */
import type { EventDispatcher } from "@celeriac/core/runtime";
import { createTaskEvents, type TaskEvents } from "./task-events.ts";

export interface EventSwitch {
  /** null: they are told nothing of tasks */
  readonly tasks: TaskEvents | null;
  /** false: it was so already */
  turn(on: boolean): boolean;
}

export function createEventSwitch(dispatcher: Pick<EventDispatcher, "send">, isOn: boolean): EventSwitch {
  const told = createTaskEvents(dispatcher);
  let tasks = isOn ? told : null;
  return {
    get tasks() {
      return tasks;
    },
    turn(on) {
      const changes = (tasks !== null) !== on;
      tasks = on ? told : null;
      return changes;
    },
  };
}
