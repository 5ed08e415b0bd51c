/** The triggerer in a process of its own, so that waits of users disturb nobody's scheduling: started again when it dies. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CeleriacError, type Clock, createService, type Logger, processEntry, type Service } from "@celeriac/core/runtime";
import type { ChildStart, FromChild } from "../child/messages.ts";

export interface TriggererProcessOptions {
  readonly start: ChildStart;
  readonly clock: Clock;
  readonly logger: Logger;
}

const againMs = 1_000;
/** What does not end by itself is killed: its claims end by themselves. */
const killAfterMs = 10_000;

/** `start` throws DAG_TRIGGERER where the app cannot be loaded. */
export function createTriggererProcess({ start, clock, logger }: TriggererProcessOptions): Service {
  const stopping = new AbortController();
  let child: ChildProcess | null = null;
  let living: Promise<void> = Promise.resolve();

  /** Resolves when it has ended; `opened` when it looks at waits, or with why it cannot. */
  function live(opened: (unusable: string | null) => void): Promise<void> {
    const { url, execArgv } = processEntry(import.meta.url, "../child/triggerer-entry");
    const own = fork(fileURLToPath(url), { execArgv: [...execArgv], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child = own;
    own.on("message", (message: FromChild) => {
      if (message.kind === "opened") opened(null);
      else if (message.kind === "unusable") opened(message.reason);
      else if (message.kind === "log") logger[message.level](message.message, message.fields);
    });
    own.send({ kind: "open", ...start }, () => {});
    return new Promise((ended) => {
      const gone = (how: string) => {
        opened(`its process ended with ${how}`);
        if (!stopping.signal.aborted) logger.warn("the triggerer's process has ended and is started again", { how });
        ended();
      };
      own.once("exit", (code, signal) => gone(signal === null ? `exit code ${code}` : `signal ${signal}`));
      own.once("error", ({ message }) => own.pid === undefined && gone(message));
    });
  }

  async function keepAlive(first: Promise<void>): Promise<void> {
    for (let life = first; ; life = live(() => {})) {
      await life;
      await clock.sleep(againMs, stopping.signal, { background: true });
      if (stopping.signal.aborted) return;
    }
  }

  return createService("the triggerer", {
    async start() {
      const unusable = await new Promise<string | null>((opened) => {
        living = live(opened);
      });
      if (unusable !== null) throw new CeleriacError("DAG_TRIGGERER", `The triggerer could not be started: ${unusable}`);
      living = keepAlive(living);
    },
    async stop() {
      stopping.abort();
      if (child?.connected === true) child.disconnect();
      const timer = clock.after(killAfterMs, () => child?.kill("SIGKILL"), { background: true });
      await living;
      timer.cancel();
    },
  });
}
