/** The signals that stop a process which runs long: the first stops it warmly, a second, or SIGQUIT, cold, a third at once. */
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

/** A process that has an IPC channel ends as by SIGTERM when the one that started it is gone. */
export function stopWithParent(): void {
  if (process.channel === undefined || process.channel === null) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
