/** Ends a child process by another signal than SIGKILL: told to raise it, watched whether it answers, and killed where that does not help. */
import type { Clock } from "@celeriac/core/runtime";
import { FrameWriter, frameKind } from "./frames.ts";

/** What only computes reads nothing, and no listener of its own would be called either. */
const answerLimitMs = 1_000;
/** Listeners of user code have this long, from when the end was asked for. */
const endLimitMs = 5_000;

export interface EndingProcess {
  send(bytes: Buffer<ArrayBuffer>): void;
  kill(): void;
}

export interface ProcessEnd {
  /** It has said something. */
  heard(): void;
  /** It is gone. */
  over(): void;
}

export function endProcess(child: EndingProcess, signal: NodeJS.Signals, clock: Clock): ProcessEnd {
  const frames = new FrameWriter();
  frames.textFrame(frameKind.raise, 0, signal);
  child.send(frames.take());
  let timer = clock.after(answerLimitMs, () => child.kill());
  let answered = false;
  return {
    heard() {
      if (answered) return;
      answered = true;
      timer.cancel();
      timer = clock.after(endLimitMs, () => child.kill());
    },
    over: () => timer.cancel(),
  };
}
