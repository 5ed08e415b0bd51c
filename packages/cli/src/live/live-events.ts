/** `celeriac events` on a terminal: hears events, draws what is known of workers and tasks five times a second at most, and obeys keys. */
import {
  type BrokerError,
  ClusterView,
  callOf,
  type Logger,
  partsOf,
  type ReceivedEvent,
  reasonOf,
  redactUrl,
  systemClock,
  tellWorkers,
} from "@celeriac/core/runtime";
import type { BrokerAccess } from "../broker-access.ts";
import type { Output } from "../output.ts";
import { picture, type Scene, selectedTask } from "./picture.ts";
import { openTerminal } from "./terminal.ts";

export interface LiveEvents {
  received(event: ReceivedEvent): void;
  /** Gives the terminal back. Safe to call twice. */
  close(): void;
}

const drawMs = 200;

/** `quit` is called when a key asks for the end. */
export function openLiveEvents({ runtime }: BrokerAccess, output: Output, quit: () => void): LiveEvents {
  const view = new ClusterView();
  let selected: string | null = null;
  let isOpen = false;
  let notice: string | null = null;
  /** the task that the next y revokes */
  let asked: string | null = null;
  const told = (message: string) => {
    notice = message;
  };
  runtime.setLogger(noticing(told));
  const terminal = openTerminal(process.stdin, process.stdout, { key: pressed, resized: draw });
  // What time does to ages and workers is to be seen without any event.
  const drawing = systemClock.every(drawMs, draw, { background: false });
  draw();

  function scene(): Scene {
    const url = [runtime.settings.brokerUrl].flat()[0] ?? "";
    return { tasks: view.tasks, workers: view.workers, selected, isOpen, notice, broker: redactUrl(url), nowMs: systemClock.now() };
  }

  function draw(): void {
    terminal.draw(picture(scene(), { colors: output.colors, columns: terminal.columns, rows: terminal.rows }));
  }

  function pressed(key: string): void {
    if (key === "q" || key === "interrupt") {
      quit();
      return;
    }
    if (asked !== null) answer(key === "y" ? asked : null);
    else if (key === "up" || key === "k") move(-1);
    else if (key === "down" || key === "j") move(1);
    else if (key === "enter" || key === "i") isOpen = !isOpen;
    else if (key === "escape") isOpen = false;
    else if (key === "r" || key === "c") ask();
    draw();
  }

  function move(by: number): void {
    const all = scene();
    const at = selectedTask(all)?.at ?? 0;
    const next = Math.min(Math.max(0, at + by), all.tasks.length - 1);
    // At the top it follows what is newest.
    selected = next <= 0 ? null : (all.tasks[next]?.uuid ?? null);
    notice = null;
  }

  function ask(): void {
    const task = selectedTask(scene())?.task;
    if (task === undefined) return;
    asked = task.uuid;
    notice = `Revoke ${task.name ?? "task"} ${task.uuid}? y revokes it, any other key does not.`;
  }

  function answer(id: string | null): void {
    asked = null;
    notice = null;
    if (id === null) return;
    revoke(id).then(
      () => told(`Revoked ${id}: it does not begin any more.`),
      (error: BrokerError) => told(`Not revoked: ${reasonOf(error)}`),
    );
  }

  async function revoke(id: string): Promise<void> {
    await tellWorkers(await partsOf(runtime), callOf("revoke", { task_id: id, terminate: false, signal: "SIGTERM" }, {}));
  }

  return {
    received: (event) => view.hear(event),
    close() {
      drawing.cancel();
      terminal.close();
    },
  };
}

/** What would be written over the picture stands at its bottom. */
function noticing(told: (message: string) => void): Logger {
  const loud = (message: string, fields?: object) => {
    const reason = (fields as { readonly reason?: unknown } | undefined)?.reason;
    told(typeof reason === "string" ? `${message}: ${reason}` : message);
  };
  return { debug() {}, info() {}, warn: loud, error: loud };
}
