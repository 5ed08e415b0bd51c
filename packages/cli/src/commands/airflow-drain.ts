/** `celeriac airflow drain`: has a worker take nothing more, and waits until it runs nothing: for a pod's preStop, or before a machine is taken away. */
import { type App, createApp } from "@celeriac/core";
import { CeleriacError, type Duration, durationMs, systemClock } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { counted } from "../text.ts";

/** A worker that is up answers within milliseconds; so long is waited for one whose machine is busy. */
const answerTimeout: Duration = "2s";
const lookEveryMs = 500;
/** What was on its way from the broker when the worker was told is seen a moment later. */
const enoughLooks = 2;

/** Resolves with the exit code. Throws AIRFLOW_CONFIG, CONFIG_*, BROKER_*. */
export async function airflowDrain({ options }: CommandArguments<"airflow drain">, output: Output): Promise<number> {
  const { readAirflowConfig, workerConfigOf } = await import("@celeriac/airflow-bridge/airflow");
  const { nodeName } = await import("@celeriac/worker");
  const given = options.celeryHostname;
  const worker = nodeName(given === null ? "celery@%h" : given.includes("@") ? given : `celery@${given}`);
  const app = createApp("airflow", workerConfigOf(readAirflowConfig(process.env), options.team).app);
  try {
    return await drain(app, worker, options.timeout === null ? Number.POSITIVE_INFINITY : durationMs(options.timeout, "timeout"), output);
  } finally {
    await app.close();
  }
}

async function drain(app: App, worker: string, timeoutMs: number, output: Output): Promise<number> {
  const startedAt = systemClock.monotonic();
  const queues = await ask(app, worker, "active_queues");
  if (queues === null) {
    output.remark(`${worker} does not answer. Is it running, on this broker? -H names another one.`);
    return exitCode.unavailable;
  }
  const names = queues.map((queue) => (queue as { readonly name: string }).name);
  for (const name of names) {
    const answer = await app.control.cancelConsumer(name, { destination: worker, reply: true, limit: 1, timeout: answerTimeout });
    const { error } = (answer[worker] ?? {}) as { readonly error?: string };
    if (error !== undefined) throw new CeleriacError("CONTROL_ARGUMENTS", `${worker} goes on to take from ${name}: ${error}`);
  }
  let told = 0;
  let quietLooks = 0;
  for (;;) {
    // In this order: what is reserved becomes active, and not the other way.
    const held = [await ask(app, worker, "reserved"), await ask(app, worker, "active")];
    const hasStopped = held.includes(null);
    const count = hasStopped ? 0 : held.flat().length;
    quietLooks = count === 0 ? quietLooks + 1 : 0;
    if (quietLooks === enoughLooks) {
      const text = hasStopped ? "does not answer any more: it has stopped." : "takes nothing more, and runs nothing.";
      output.result(`${worker} ${text}`, { worker, queues: names, running: 0 });
      return exitCode.done;
    }
    if (count > 0 && count !== told) output.remark(`${worker} takes nothing more. Waiting for ${counted(count, "task")}.`);
    told = count;
    if (systemClock.monotonic() - startedAt > timeoutMs) {
      output.result(`${worker} takes nothing more, and still runs ${counted(count, "task")}.`, { worker, queues: names, running: count });
      return exitCode.notEnded;
    }
    await systemClock.sleep(lookEveryMs);
  }
}

/** null: the worker does not answer. */
async function ask(app: App, worker: string, what: "active_queues" | "active" | "reserved"): Promise<readonly unknown[] | null> {
  const replies = await app.control.inspect(what, { destination: worker, limit: 1, timeout: answerTimeout });
  return (replies[worker] as readonly unknown[] | undefined) ?? null;
}
