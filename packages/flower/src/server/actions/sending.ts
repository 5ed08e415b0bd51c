/** Sends tasks as Flower's API does, and looks up or waits for how they ended. */
import type { App, AsyncResult } from "@celeriac/core";
import { type AppRuntime, ResultTimeoutError, readException, readResult, reprException, reprValue } from "@celeriac/core/runtime";
import { Refusal } from "../access.ts";
import { readCall } from "./call-options.ts";

/** What Flower tells of a task's result; keys that do not apply are absent. */
export interface ResultObject {
  readonly "task-id": string;
  readonly state?: string;
  readonly result?: unknown;
  readonly traceback?: string | null;
}

export interface Sending {
  /** By name, whether the app knows it or not. */
  send(task: string, body: Readonly<Record<string, unknown>>): Promise<ResultObject>;
  /** A task that the app knows. Refusal 404 for another. */
  apply(task: string, body: Readonly<Record<string, unknown>>): Promise<ResultObject>;
  /** As apply, and waits until it has ended, or for `timeout` seconds of the body and then tells its state: Refusal 504 after five minutes. */
  applyAndWait(task: string, body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<ResultObject>;
  /** What is known of a result, waited for so many seconds; null: not at all. */
  result(id: string, timeoutSeconds: number | null, signal: AbortSignal): Promise<ResultObject>;
}

const longestWaitSeconds = 300;

/** All reject with Refusal 400 for what cannot be sent, 503 without results where they are asked for, and with BROKER_*, BACKEND_*, PUBLISH_*. */
export function createSending(app: App<unknown>, runtime: AppRuntime): Sending {
  async function publish(task: string, body: Readonly<Record<string, unknown>>): Promise<AsyncResult<unknown>> {
    const { args, options } = readCall(app, body);
    return await app.sendTask(task, args, options);
  }

  async function known(task: string): Promise<void> {
    await runtime.loadIncludes();
    if (runtime.registry.get(task) === undefined) throw new Refusal(404, `Unknown task '${task}'`);
  }

  async function backendOrNone() {
    return (await runtime.links()).backend;
  }

  async function backend() {
    const found = await backendOrNone();
    if (found === null) throw new Refusal(503, "No result backend is configured");
    return found;
  }

  async function stored(id: string): Promise<ResultObject> {
    return resultObject(id, await (await backend()).get(id));
  }

  async function sent(result: AsyncResult<unknown>): Promise<ResultObject> {
    const found = await backendOrNone();
    if (found === null) return { "task-id": result.id };
    const { state = "PENDING" } = resultObject(result.id, await found.get(result.id));
    return { "task-id": result.id, state };
  }

  /** Whether it has ended by then. */
  async function ended(id: string, seconds: number, signal: AbortSignal): Promise<boolean> {
    try {
      await app.result(id).settled({ timeout: seconds, signal });
      return true;
    } catch (error) {
      if (ResultTimeoutError.is(error)) return false;
      throw error;
    }
  }

  return {
    send: async (task, body) => await sent(await publish(task, body)),
    async apply(task, body) {
      await known(task);
      return await sent(await publish(task, body));
    },
    async applyAndWait(task, body, signal) {
      await known(task);
      await backend();
      const { timeout, ...call } = body;
      const patience = patienceOf(timeout);
      const { id } = await publish(task, call);
      if (await ended(id, Math.min(patience ?? longestWaitSeconds, longestWaitSeconds), signal)) return await stored(id);
      if (patience === null || patience > longestWaitSeconds)
        throw new Refusal(504, `Task ${id} has not ended within ${longestWaitSeconds} s`);
      const { state = "PENDING" } = await stored(id);
      return { "task-id": id, state };
    },
    async result(id, timeoutSeconds, signal) {
      await backend();
      if (timeoutSeconds !== null && timeoutSeconds > 0) await ended(id, Math.min(timeoutSeconds, longestWaitSeconds), signal);
      return await stored(id);
    },
  };
}

/** Seconds; null: it was not said. */
function patienceOf(timeout: unknown): number | null {
  if (timeout === undefined || timeout === null) return null;
  const seconds = typeof timeout === "string" && timeout.trim() !== "" ? Number(timeout) : timeout;
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) throw new Refusal(400, "Invalid timeout");
  return Math.max(0, seconds);
}

/** `text`: the stored result; null: nothing is stored. */
export function resultObject(id: string, text: string | null): ResultObject {
  if (text === null) return { "task-id": id, state: "PENDING" };
  const { status: state, result, traceback } = readResult(id, text);
  switch (state) {
    case "SUCCESS":
      return { "task-id": id, state, result: jsonValue(result) };
    case "FAILURE":
      return { "task-id": id, state, result: reprException(readException(result, traceback)), traceback };
    case "REVOKED":
      return { "task-id": id, state, result: reprException(readException(result, traceback)) };
    default:
      return { "task-id": id, state };
  }
}

/** As it is where JSON can say it, else as Python shows it. */
function jsonValue(value: unknown): unknown {
  return isJson(value) ? value : reprValue(value);
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number") return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every(isJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}
