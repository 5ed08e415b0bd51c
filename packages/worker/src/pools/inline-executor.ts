/**
 * An executor in the worker's own thread. Nothing lies between its event loop and user code: nothing can end what runs,
 * what it prints goes where the worker's own output goes, and what ends the process ends the worker.
 */
import { AsyncResource } from "node:async_hooks";
import type { Clock } from "@celeriac/core/runtime";
import { ExecutorHost } from "./executor-host.ts";
import type { OpenedExecute } from "./executor-init.ts";
import type { OpenLink } from "./executor-link.ts";
import type { InlineLife } from "./inline-life.ts";

/** Opens what runs tasks in this thread. */
export type OpenInline = (life: InlineLife) => Promise<OpenedExecute>;

export function inlineExecutors(open: OpenInline, clock: Clock): OpenLink {
  return (listener) => {
    const gone = new AbortController();
    const leave = (reason: string) => {
      if (gone.signal.aborted) return;
      gone.abort();
      setImmediate(() => listener.exited({ reason }));
    };
    /** What has ended is reported. */
    const end = (reason: string) => {
      if (gone.signal.aborted) return;
      host.flush();
      leave(reason);
      host.abandon();
    };
    // Bound, so that neither the worker nor another task goes on in the context of the task that happened to cause it.
    const host = new ExecutorHost({
      clock,
      open: () => open({ end, ended: gone.signal }),
      send: AsyncResource.bind((frames) => {
        const bytes = frames.take();
        if (!gone.signal.aborted) listener.received(bytes);
      }),
      end: (code) => leave(`exit code ${code}`),
    });
    const receive = AsyncResource.bind((bytes: Buffer) => host.receive(bytes));
    return {
      pid: process.pid,
      send: (bytes) => {
        if (!gone.signal.aborted) receive(bytes);
      },
      // Whoever asks is what this thread executes.
      stack: () => Promise.resolve([]),
      terminate: () => end("terminated"),
    };
  };
}
