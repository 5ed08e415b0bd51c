/** What can be done to one task: offered with it, and done. */
import { isFinal } from "@celeriac/core/runtime";
import type { ActionReport, TaskView } from "../../../shared/contract.ts";
import type { ActionName } from "../../access.ts";
import type { RevokeHow } from "../../actions/revoking.ts";
import type { TaskRecord } from "../../history/task-record.ts";
import type { MonitorParts } from "../../parts.ts";
import { type Asker, mayAs } from "../../security/asker.ts";
import { roleFor } from "../../security/rights.ts";
import { changing } from "./api-route.ts";
import { taskOf } from "./lookup.ts";

export async function taskOffers(
  task: TaskRecord,
  asker: Asker,
  { actions: { retrying } }: Pick<MonitorParts, "actions">,
): Promise<TaskView["actions"]> {
  const ended = isFinal(task.state) ? `It has ended: ${task.state}` : null;
  const offer = (action: ActionName, refusal: string | null) => ({ refusal: refusalFor(asker, action) ?? refusal });
  return {
    retry: offer("retry", await retrying.refusal(task)),
    revoke: offer("revoke", ended),
    terminate: offer("terminate", ended ?? (task.state === "STARTED" ? null : "It does not run, as far as is known: revoke it")),
    abort: offer("abort", ended),
  };
}

/** Why this one may not; null: may. */
export function refusalFor({ role, readOnly }: Asker, action: ActionName): string | null {
  if (readOnly !== null) return readOnly;
  const needed = roleFor[action];
  return needed === null || mayAs(role, needed) ? null : `This needs the role ${needed}; yours is ${role}`;
}

const signal = { kind: "text", doc: "What its process is ended by: SIGTERM, unless given." } as const;

export const taskActionRoutes = [
  changing("apply", {
    path: "/tasks",
    summary: "Sends a task, whether this monitor's app knows its name or not.",
    body: {
      name: { kind: "text", doc: "Name of the task.", isRequired: true },
      args: { kind: "json", doc: "A list." },
      kwargs: { kind: "json", doc: "An object." },
      options: { kind: "json", doc: "Options of apply_async, as Celery names them: queue, countdown, expires …" },
    },
    answer: "ActionReport",
    async answerTo({ body: { name, args, kwargs, options } }, { actions: { sending } }): Promise<ActionReport> {
      const sent = await sending.send(name, { ...(options ?? {}), args: args ?? [], kwargs: kwargs ?? {} });
      return { message: `Sent ${name}`, taskId: sent["task-id"] };
    },
  }),
  changing("retry", {
    path: "/tasks/{uuid}/retry",
    summary: "Sends a task once more, with the very arguments it had, to the same queue; 409 where those are not known.",
    answer: "ActionReport",
    async answerTo({ path: { uuid } }, parts): Promise<ActionReport> {
      const task = await taskOf(parts, uuid!);
      return { message: `Sent ${task.name} once more`, taskId: await parts.actions.retrying.retry(task) };
    },
  }),
  changing("revoke", {
    path: "/tasks/{uuid}/revoke",
    summary: "Keeps a task from running; gives what each worker answered.",
    answer: "ActionReport",
    answerTo: ({ path: { uuid } }, parts) => revoke(parts, uuid!, { terminate: false, signal: "SIGTERM" }),
  }),
  changing("terminate", {
    path: "/tasks/{uuid}/terminate",
    summary: "Ends a task even if it runs; gives what each worker answered.",
    body: { signal },
    answer: "ActionReport",
    answerTo: ({ path: { uuid }, body }, parts) => revoke(parts, uuid!, { terminate: true, signal: body.signal ?? "SIGTERM" }),
  }),
  changing("abort", {
    path: "/tasks/{uuid}/abort",
    summary: "Asks a task that looks for it to end by itself.",
    answer: "ActionReport",
    async answerTo({ path: { uuid } }, { actions: { revoking } }): Promise<ActionReport> {
      await revoking.abort(uuid!);
      return { message: `Aborted '${uuid}'` };
    },
  }),
];

async function revoke({ history, actions: { revoking } }: MonitorParts, uuid: string, how: RevokeHow): Promise<ActionReport> {
  const online = (await history.workers()).filter((worker) => worker.online);
  const workers = await revoking.revokeAndAsk(uuid, how, online.length);
  const [answered, known] = [Object.keys(workers).length, online.length];
  return { message: `Revoked '${uuid}': ${answered} of ${Math.max(answered, known)} workers have answered`, workers };
}
