/** Where the triggerer's own process starts: it loads the app and looks at deferred waits until its parent tells it to end, or is gone. */
import { reasonOf, type Service } from "@celeriac/core/runtime";
import type { OpenHooks } from "../hooks/open-hooks.ts";
import { createTriggerer } from "../triggerer/triggerer.ts";
import type { ToChild } from "./messages.ts";
import { logPrints, openChild, tellParent } from "./open-child.ts";

let triggerer: Service | null = null;
let hooks: OpenHooks | null = null;

logPrints(() => ({}));
/** Meant for the whole process group: the parent decides when this one ends. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => void end());
process.on("message", (message: ToChild) => {
  if (message.kind === "open") void open(message);
});

async function open(start: Extract<ToChild, { kind: "open" }>): Promise<void> {
  try {
    const parts = await openChild(start);
    hooks = parts.hooks;
    triggerer = createTriggerer(parts);
    await triggerer.start();
    tellParent({ kind: "opened" });
  } catch (error) {
    tellParent({ kind: "unusable", reason: reasonOf(error) });
    process.disconnect();
  }
}

async function end(): Promise<void> {
  try {
    await triggerer?.stop();
    await hooks?.close();
  } finally {
    process.exit(0);
  }
}
