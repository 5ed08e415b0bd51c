/**
 * An executor in the worker's own thread. Nothing lies between its event loop and user code: nothing can end what runs,
 * what it prints goes where the worker's own output goes, and what ends the process ends the worker.
 */
import { AsyncResource } from "node:async_hooks";
import type { Clock } from "@celeriac/core/runtime";
import { ExecutorHost } from "./executor-host.ts";
import type { OpenedExecute } from "./executor-init.ts";
import type { OpenLink } from "./executor-link.ts";

/** Opens what runs tasks in this thread. */
export type OpenInline = () => Promise<OpenedExecute>;

export function inlineExecutors(open: OpenInline, clock: Clock): OpenLink {
  return (listener) => {
    let isGone = false;
    const leave = (reason: string) => {
      if (isGone) return;
      isGone = true;
      setImmediate(() => listener.exited({ reason }));
    };
    // Bound, so that neither the worker nor another task goes on in the context of the task that happened to cause it.
    const host = new ExecutorHost({
      clock,
      open,
      send: AsyncResource.bind((frames) => {
        const bytes = frames.take();
        if (!isGone) listener.received(bytes);
      }),
      end: (code) => leave(`exit code ${code}`),
    });
    const receive = AsyncResource.bind((bytes: Buffer) => host.receive(bytes));
    return {
      pid: process.pid,
      send: (bytes) => {
        if (!isGone) receive(bytes);
      },
      /** What has ended is reported; what still runs goes on unseen for as long as it does not heed its signal. */
      terminate() {
        if (isGone) return;
        host.flush();
        leave("terminated");
        host.abandon();
      },
    };
  };
}
