/** Runs tasks as an executor would, without one: an app whose tasks a test defines, and the endings of their runs. */
import { type App, type Config, createApp, type Signal, type SignalEvents } from "@celeriac/core";
import { type Publication, runtimeOf } from "@celeriac/core/runtime";
import { createExecute } from "../../packages/core/src/execute.ts";
import type { AbortReason, Ending, Run } from "../../packages/core/src/run.ts";
import { createEnvelope } from "./envelopes.ts";

export interface RunChanges {
  readonly args?: readonly unknown[];
  readonly kwargs?: object;
  readonly embed?: object | null;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
  readonly replyTo?: string;
  /** ms */
  readonly timeLimits?: { readonly soft: number; readonly hard: number };
  readonly aborted?: { readonly kind: AbortReason; readonly message: string };
  readonly heartbeat?: () => void;
}

export interface Execution {
  readonly app: App;
  /** the ending of one run of a task, whose id is "id-1" */
  run(task: string, changes?: RunChanges): Promise<Ending>;
  /** What the named signals tell from now on, in order. */
  told(...names: (keyof SignalEvents)[]): unknown[];
  /** the states that tasks stored */
  readonly states: readonly (readonly [string, unknown])[];
}

const unreached = (config: Config) => createApp("unit", { broker: "sqlite:///nowhere/unit.db", config });

export function startExecution(config: Config = {}, create: (config: Config) => App = unreached): Execution {
  const app = create(config);
  const states: [string, unknown][] = [];
  const run = async (task: string, changes: RunChanges = {}): Promise<Ending> => {
    const { args = [], kwargs = {}, embed = null, aborted, heartbeat = () => {} } = changes;
    const written = changes.body ?? JSON.stringify([args, kwargs, embed]);
    const body = typeof written === "string" ? new TextEncoder().encode(written) : written;
    const { headers } = createEnvelope({ id: "id-1", headers: { task, ...changes.headers } });
    const execute = await createExecute(runtimeOf(app)!, "w1@host");
    const signal = aborted === undefined ? new AbortController().signal : AbortSignal.abort(aborted);
    const request: Run = {
      id: "id-1",
      task,
      headers,
      body,
      contentType: changes.contentType ?? "application/json",
      replyTo: changes.replyTo ?? null,
      priority: null,
      queue: "q",
      redelivered: false,
      deliveries: 0,
      softTimeLimitMs: changes.timeLimits?.soft ?? null,
      timeLimitMs: changes.timeLimits?.hard ?? null,
    };
    const updateState = async (state: string, metaJson: string) => void states.push([state, JSON.parse(metaJson)]);
    return await execute(request, { signal, updateState, log() {}, heartbeat });
  };
  const told = (...names: (keyof SignalEvents)[]) => {
    const events: unknown[] = [];
    for (const name of names) (app.signals[name] as Signal<unknown>).connect((event) => events.push([name, event]));
    return events;
  };
  return { app, run, told, states };
}
const sent = ({ envelope, route, dueAt }: Publication) => ({
  task: envelope.headers["task"],
  id: envelope.headers["id"],
  body: JSON.parse(new TextDecoder().decode(envelope.body)) as unknown,
  retries: envelope.headers["retries"],
  queue: route.routingKey,
  dueAt,
});
/** What an ending publishes, in few words. */
export const published = (ending: Ending) => ("publish" in ending ? ending.publish : []).map(sent);
/** A signature as it lies in a message. */
export const link = (task: string, options: Readonly<Record<string, unknown>> = {}) => ({
  task,
  args: [],
  kwargs: {},
  options,
  subtask_type: null,
  immutable: false,
});
