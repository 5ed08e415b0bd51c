/** What one worker can be told: each waits for its answer, and is refused with 409 and the worker's reason. */
import { reasonOf } from "@celeriac/core/runtime";
import type { ActionReport } from "../../../shared/contract.ts";
import { type ActionName, Refusal } from "../../access.ts";
import type { WorkerAnswer, WorkerControl } from "../../actions/worker-control.ts";
import type { MonitorParts } from "../../parts.ts";
import { type ApiRoute, changing } from "./api-route.ts";
import { workerOf } from "./lookup.ts";
import type { ParameterTable, ValuesOf } from "./parameters.ts";

const slots = { kind: "whole", range: [1, 10_000] } as const;
const queue = { kind: "text", doc: "Name of the queue.", isRequired: true } as const;
const task = { kind: "text", doc: "Name of the task.", isRequired: true } as const;

export const workerActionRoutes: readonly ApiRoute[] = [
  telling(
    "pool-grow",
    "pool-grow",
    "Adds slots to its pool.",
    { n: { ...slots, doc: "How many; 1, unless given." } },
    (control, worker, { n }) => control.grow(worker, n ?? 1),
  ),
  telling(
    "pool-shrink",
    "pool-shrink",
    "Takes slots from its pool.",
    { n: { ...slots, doc: "How many; 1, unless given." } },
    (control, worker, { n }) => control.shrink(worker, n ?? 1),
  ),
  telling("pool-restart", "pool-restart", "Starts its pool anew.", {}, (control, worker) => control.restartPool(worker)),
  telling(
    "autoscale",
    "pool-autoscale",
    "Lets its pool grow and shrink by itself.",
    {
      min: { kind: "whole", range: [0, 10_000], doc: "At least so many slots.", isRequired: true },
      max: { ...slots, doc: "At most so many.", isRequired: true },
    },
    (control, worker, { min, max }) => control.autoscale(worker, min, max),
  ),
  telling("add-consumer", "add-consumer", "Has it consume a queue.", { queue }, (control, worker, given) =>
    control.addConsumer(worker, given.queue),
  ),
  telling("cancel-consumer", "cancel-consumer", "Has it consume a queue no longer.", { queue }, (control, worker, given) =>
    control.cancelConsumer(worker, given.queue),
  ),
  telling(
    "rate-limit",
    "rate-limit",
    "Limits how often it runs a task.",
    { task, rate: { kind: "text", doc: "As Celery writes it: 10/s, 5/m, 100/h; 0 is no limit.", isRequired: true } },
    (control, worker, given) => control.rateLimit(worker, given.task, given.rate),
  ),
  telling(
    "time-limit",
    "time-limit",
    "Limits how long it runs a task.",
    { task, soft: { kind: "number", doc: "Seconds." }, hard: { kind: "number", doc: "Seconds." } },
    (control, worker, given) => control.timeLimit(worker, given.task, { soft: given.soft, hard: given.hard }),
  ),
  changing("shutdown", {
    path: "/workers/{name}/shutdown",
    summary: "Stops it warmly: what runs may end.",
    answer: "ActionReport",
    async answerTo({ path: { name } }, parts): Promise<ActionReport> {
      await workerOf(parts, name!);
      await parts.actions.workers.shutDown(name!);
      return { message: "Shutting down!" };
    },
  }),
];

function telling<const B extends ParameterTable>(
  action: ActionName,
  end: string,
  summary: string,
  body: B,
  tell: (control: WorkerControl, worker: string, given: ValuesOf<B>) => Promise<WorkerAnswer>,
): ApiRoute {
  return changing(action, {
    path: `/workers/{name}/${end}`,
    summary,
    body,
    answer: "ActionReport",
    async answerTo({ path: { name }, body: given }, parts): Promise<ActionReport> {
      await workerOf(parts, name!);
      const answer = await tell(parts.actions.workers, name!, given);
      if ("error" in answer) throw new Refusal(409, `'${name}' did not do it: ${answer.error}`);
      lookAgain(parts, name!);
      return { message: answer.ok, workers: { [name!]: answer } };
    },
  });
}

/** What it says of itself has changed; nobody waits for it to say so. */
function lookAgain({ cluster: { inspection }, logger }: MonitorParts, worker: string): void {
  inspection
    .refresh(worker)
    .catch((error: unknown) => logger.debug("a worker could not be inspected", { worker, reason: reasonOf(error) }));
}
