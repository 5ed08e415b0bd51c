/** What reaches a process that runs long from outside: signals that stop it, the first warmly, a second, or SIGQUIT, cold, a third at once; and what user code in it forgot. */
import { type Logger, reasonOf } from "@celeriac/core/runtime";
import { type StopSignal, signalExitCode } from "./exit-code.ts";

export interface StopListener {
  warm(signal: StopSignal): void;
  /** the process is to end with `signalExitCode[signal]` */
  cold(signal: StopSignal): void;
}

/** Also needed as the first process of a container, which has no default behaviour for signals. Ends with the function returned. */
export function trapSignals(listener: StopListener): () => void {
  let stage: "running" | "warm" | "cold" = "running";
  const stop = (signal: StopSignal) => {
    if (stage === "cold") process.exit(signalExitCode[signal]);
    if (stage === "running" && signal !== "SIGQUIT") {
      stage = "warm";
      listener.warm(signal);
    } else {
      stage = "cold";
      listener.cold(signal);
    }
  };
  const signals = Object.keys(signalExitCode) as StopSignal[];
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

/** SIGUSR1 is where Node opens a debugger's port, in a process that does not listen to it. `asked` is called instead. Ends with the function returned. */
export function takeDebugSignal(asked: () => void): () => void {
  process.on("SIGUSR1", asked);
  return () => void process.off("SIGUSR1", asked);
}

/** A process that has an IPC channel ends as by SIGTERM when the one that started it is gone. */
export function stopWithParent(): void {
  if (process.channel === undefined || process.channel === null) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}

/** Where user code runs in this process, as the pool inline does it: a promise that it forgot must not end the worker. */
export function tellUnhandled(logger: Logger): void {
  process.on("unhandledRejection", (reason) => {
    const stack = reason instanceof Error ? reason.stack : undefined;
    logger.error("A promise of user code was rejected and nothing handled it", { reason: reasonOf(reason), stack });
  });
}
