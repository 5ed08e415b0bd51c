/**
 * Where a child process of the local executor starts: it loads the app, runs one instance after the other as it is told, and ends when nobody is left
 * to tell it. What runs then still ends, and says so to the store.
 */
import { reasonOf } from "@celeriac/core/runtime";
import type { InstancePlace } from "../records.ts";
import { placeFields } from "../runner/instance-logger.ts";
import { Interruption } from "../runner/interruption.ts";
import { type RunnerParts, runInstance } from "../runner/runner.ts";
import type { ToChild } from "./messages.ts";
import { logPrints, openChild, tellParent } from "./open-child.ts";

let parts: Promise<RunnerParts> | null = null;
let abort = new AbortController();
/** what runs */
let current: InstancePlace | null = null;

logPrints(() => (current === null ? {} : placeFields(current)));
/** Meant for the whole process group: the scheduler decides when its children end, and who has outlived it may be ended so. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    if (!process.connected) abort.abort(new Interruption("stopped", `its process got ${signal}`));
  });
process.on("disconnect", () => {
  if (current === null) void end();
});
process.on("message", (message: ToChild) => void obey(message));

async function obey(message: ToChild): Promise<void> {
  switch (message.kind) {
    case "open":
      parts = openChild(message);
      try {
        await parts;
        tellParent({ kind: "opened" });
      } catch (error) {
        tellParent({ kind: "unusable", reason: reasonOf(error) });
        process.disconnect();
      }
      return;
    case "run":
      await run(message);
      return;
    case "interrupt":
      abort.abort(new Interruption(message.why, message.why === "revoked" ? "it was revoked" : "its process is to end"));
      return;
  }
}

async function run({ place, externalId }: Extract<ToChild, { kind: "run" }>): Promise<void> {
  current = place;
  abort = new AbortController();
  try {
    const end = await runInstance(place, externalId, await parts!, abort.signal, (task) =>
      tellParent({ kind: "began", timeoutMs: task?.options.executionTimeoutMs ?? null }),
    );
    tellParent({ kind: "ended", end });
  } catch (error) {
    tellParent({ kind: "lost", reason: reasonOf(error) });
  }
  current = null;
  if (!process.connected) await end();
}

async function end(): Promise<void> {
  const opened = await parts?.catch(() => null);
  await opened?.hooks.close();
  process.exit(0);
}
