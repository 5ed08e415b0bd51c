/** An Execute for tests of pools: each run's body is JSON that says what the run shall do. */
import { existsSync, writeFileSync, writeSync } from "node:fs";
import { url } from "node:inspector";
import { getHeapStatistics } from "node:v8";
import { isMainThread, threadId } from "node:worker_threads";
import type { AppSource, Publication } from "@celeriac/core/runtime";
import type { Ending, Run, RunControl } from "../../packages/core/src/run.js";
import type { ExecutorContext, OpenedExecute } from "../../packages/worker/src/pools/executor-init.js";

export type Script =
  | { readonly do: "return"; readonly value: unknown }
  /** value: {executor, id}: which process or thread ran it */
  | { readonly do: "where" }
  /** the body's bytes come back in a publication, so that both ways are seen */
  | { readonly do: "publish" }
  | { readonly do: "reject"; readonly message: string }
  | { readonly do: "rejectUnseen"; readonly message: string }
  | { readonly do: "end"; readonly ending: Ending }
  | { readonly do: "exit"; readonly code: number }
  | { readonly do: "die" }
  /** value: the URL of this process's debugger, null without */
  | { readonly do: "debugger" }
  /** blocks the thread; null = for ever */
  | { readonly do: "block"; readonly ms: number | null }
  /** writes a file, then blocks for ever */
  | { readonly do: "touchAndBlock"; readonly path: string }
  | { readonly do: "wait"; readonly ms: number }
  /** ends its process when it gets `signal`, having said so */
  | { readonly do: "untilSignal"; readonly signal: "SIGTERM" | "SIGINT" | "SIGUSR2" }
  /** ends when it is aborted; value: the reason */
  | { readonly do: "untilAborted" }
  /** computes until a heartbeat tells it to end; value: the reason */
  | { readonly do: "beat" }
  | { readonly do: "progress"; readonly states: readonly string[] }
  | { readonly do: "log"; readonly message: string }
  | { readonly do: "print"; readonly stream: "stdout" | "stderr"; readonly text: string }
  /** past anything that watches process.stdout */
  | { readonly do: "printRaw"; readonly text: string }
  /** value: MB of its heap limit */
  | { readonly do: "heapLimit" }
  | { readonly do: "huge"; readonly bytes: number };

const succeeded = (value: unknown): Ending => ({ kind: "succeeded", value: JSON.stringify(value), children: [], publish: [] });

export async function openScripted(source: AppSource, context: ExecutorContext): Promise<OpenedExecute> {
  if (source.appName === "fails") throw new Error(`no luck on ${context.worker}`);
  if (source.appName === "dies") process.exit(7);
  const marker = source.appName?.replace("dies while there is ", "") ?? "";
  if (marker !== "" && existsSync(marker)) process.exit(8);
  return async (run, control) => perform(JSON.parse(Buffer.from(run.body).toString("utf8")) as Script, run, control);
}

/** Does nothing at all, as fast as it can. */
export async function openIdle(): Promise<OpenedExecute> {
  const ending: Ending = { kind: "succeeded", value: "null", children: [], publish: [] };
  return async () => ending;
}

async function perform(script: Script, run: Run, control: RunControl): Promise<Ending> {
  switch (script.do) {
    case "return":
      return succeeded(script.value);
    case "where":
      return succeeded({ executor: isMainThread ? process.pid : `thread ${threadId}`, id: run.id });
    case "publish":
      return { kind: "succeeded", value: '"é"', children: [["child"]], publish: [publication(run, 0), publication(run, 1)] };
    case "reject":
      throw new Error(script.message);
    case "rejectUnseen":
      void Promise.reject(new Error(script.message));
      return succeeded(null);
    case "end":
      return script.ending;
    case "exit":
      return process.exit(script.code);
    case "die":
      process.kill(process.pid, "SIGKILL");
      return await new Promise<Ending>(() => {});
    case "debugger":
      return succeeded(url() ?? null);
    case "block":
      return block(script.ms);
    case "touchAndBlock":
      writeFileSync(script.path, run.id);
      return block(null);
    case "wait":
      await new Promise((resolve) => setTimeout(resolve, script.ms));
      return succeeded(script.ms);
    case "untilSignal":
      process.on(script.signal, () => {
        control.log("info", `got ${script.signal}`, undefined);
        process.exit(0);
      });
      return await new Promise<Ending>(() => {});
    case "untilAborted":
      return succeeded(await abortReason(control.signal));
    case "beat":
      return succeeded(beat(control));
    case "progress":
      for (const state of script.states) await control.updateState(state, JSON.stringify({ state }));
      return succeeded(null);
    case "log":
      control.log("info", script.message, { from: "scripted" });
      return succeeded(null);
    case "print":
      process[script.stream].write(script.text);
      return succeeded(null);
    case "printRaw":
      writeSync(1, script.text);
      return succeeded(null);
    case "heapLimit":
      return succeeded(Math.round(getHeapStatistics().heap_size_limit / 2 ** 20));
    case "huge":
      return { kind: "succeeded", value: `"${"x".repeat(script.bytes)}"`, children: [], publish: [] };
  }
}

function block(ms: number | null): Ending {
  const startedAt = performance.now();
  while (ms === null || performance.now() - startedAt < ms);
  return succeeded(ms);
}

function abortReason(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(signal.reason);
    signal.addEventListener("abort", () => resolve(signal.reason));
    // A thread or process with nothing to wait for would end.
    setTimeout(() => {}, 2 ** 30).unref();
  });
}

function publication(run: Run, index: number): Publication {
  const properties = {
    contentType: run.contentType,
    contentEncoding: "utf-8",
    correlationId: run.id,
    replyTo: null,
    deliveryMode: 2 as const,
    priority: null,
    expiration: null,
    deliveryTag: `${run.id}.${index}`,
  };
  const body = index === 0 ? run.body : Buffer.from([index, 0, 255]);
  return { envelope: { headers: { index }, properties, body }, route: { exchange: "", routingKey: "q" } };
}

function beat(control: RunControl): unknown {
  control.log("info", "computes", undefined);
  try {
    for (;;) control.heartbeat?.();
  } catch (reason) {
    return reason;
  }
}
