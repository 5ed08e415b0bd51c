/** A child process that runs task instances, from the side of the executor that started it. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Clock, type Logger, processEntry, type Timer } from "@celeriac/core/runtime";
import type { ChildStart, FromChild, ToChild } from "../child/messages.ts";
import type { QueuedInstance } from "./executor.ts";
import type { SeatEnd } from "./seated.ts";

export interface ChildOptions {
  readonly start: ChildStart;
  /** how long what is told to end may take, before its process is killed */
  readonly killAfterMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RunChild {
  /** Resolves when it has loaded the app, or has ended. */
  readonly opened: Promise<void>;
  /** One at a time. */
  run(instance: QueuedInstance): Promise<SeatEnd>;
  interrupt(why: "revoked" | "stopped"): void;
  /** false: it has ended, or soon will */
  readonly isUsable: boolean;
  close(): Promise<void>;
}

/** A child that ends says why with its last message or its exit. */
export function startChild({ start, killAfterMs, clock, logger }: ChildOptions): RunChild {
  const { url, execArgv } = processEntry(import.meta.url, "../child/run-entry");
  const child = fork(fileURLToPath(url), { execArgv: [...execArgv], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  let leave: ((end: SeatEnd) => void) | null = null;
  let killing: Timer | null = null;
  let isUsable = true;
  let reason: SeatEnd | null = null;

  const left = (end: SeatEnd) => {
    killing?.cancel();
    killing = null;
    leave?.(end);
    leave = null;
  };
  const kill = () => {
    isUsable = false;
    child.kill("SIGKILL");
  };
  const killLater = (delayMs: number, end: SeatEnd) => {
    killing?.cancel();
    killing = clock.after(delayMs, () => {
      reason = end;
      kill();
    });
  };
  const tell = (message: ToChild) => {
    // A channel that breaks is a child that ends, which its exit tells.
    if (child.connected) child.send(message, () => {});
  };
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const exited = new Promise<void>((gone) => {
    const ended = (how: string) => {
      isUsable = false;
      open();
      left(reason ?? { kind: "lost", reason: `its process ended with ${how}` });
      gone();
    };
    child.once("exit", (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
    child.once("error", ({ message }) => child.pid === undefined && ended(message));
  });
  child.on("message", (message: FromChild) => {
    switch (message.kind) {
      case "opened":
        return open();
      case "unusable":
        isUsable = false;
        reason = { kind: "lost", reason: message.reason };
        return;
      case "began":
        if (message.timeoutMs !== null)
          killLater(message.timeoutMs + killAfterMs, {
            kind: "failed",
            reason: `it ran for longer than its execution timeout (${message.timeoutMs} ms), and did not heed that it was to end`,
          });
        return;
      case "ended":
        if (message.end.kind !== "notMine" && !message.end.heeded) kill();
        return left({ kind: "left" });
      case "lost":
        return left(message);
      case "log":
        return logger[message.level](message.message, message.fields);
    }
  });
  tell({ kind: "open", ...start });

  return {
    opened,
    get isUsable() {
      return isUsable;
    },
    run({ externalId, dagId, runId, taskId, mapIndex }) {
      return new Promise((resolve) => {
        leave = resolve;
        if (!isUsable) return left(reason ?? { kind: "lost", reason: "its process had ended" });
        tell({ kind: "run", place: { dagId, runId, taskId, mapIndex }, externalId });
      });
    },
    interrupt(why) {
      if (leave === null) return;
      tell({ kind: "interrupt", why });
      // A try that only had to give way has not failed.
      killLater(killAfterMs, { kind: why === "stopped" ? "lost" : "failed", reason: `it was ${why}, and did not heed that it was to end` });
    },
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
