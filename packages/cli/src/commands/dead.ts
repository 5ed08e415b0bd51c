/** `celeriac dead`: lists dead letters, sends them back, deletes them. */
import {
  allQueues,
  CeleriacError,
  type DeadLetter,
  isDeadLetterQueue,
  isListed,
  listDeadLetters,
  nearest,
  siftDeadLetters,
} from "@celeriac/core/runtime";
import { type BrokerAccess, withBroker } from "../broker-access.ts";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { table } from "../table.ts";
import { age, counted } from "../text.ts";

type Arguments = CommandArguments<"dead">;

const actions = ["list", "redrive", "purge"] as const;

/** Resolves with the exit code: 1 where an id was asked for and not found. Throws COMMAND_USAGE, BROKER_*, CONFIG_*, APP_NOT_FOUND. */
export async function dead(args: Arguments, output: Output): Promise<number> {
  const { action: given, queues } = args.positionals;
  const action = actions.find((name) => name === (given ?? "list"));
  if (action === undefined) throw new CeleriacError("COMMAND_USAGE", unknownAction(given!));
  const { id: ids, all } = args.options;
  if (action !== "list" && (ids.length === 0) === !all)
    throw new CeleriacError("COMMAND_USAGE", `dead ${action} needs either --id, with the ids of tasks, or --all`);
  return await withBroker(args.common, async (access) => {
    if (queues.length === 0 && !(await isListed(access.broker))) output.remark("RabbitMQ cannot list its queues: these are the app's own.");
    const names = [...new Set(queues.length > 0 ? queues : (await allQueues(access.broker, access.runtime)).map(withoutDead))];
    if (action === "list") return await list(access, names, args, output);
    return await sift(access, names, { ids: all ? null : new Set(ids), to: action === "redrive" ? "queue" : "nowhere" }, output);
  });
}

/** A queue that nobody uses any more is known by its dead letters alone. */
function withoutDead(queue: string): string {
  return isDeadLetterQueue(queue) ? queue.slice(0, -".dead".length) : queue;
}

function unknownAction(name: string): string {
  const near = nearest(name, actions);
  return `dead cannot ${name}: ${near === null ? `expected ${actions.join(", ")}` : `did you mean ${near}?`}`;
}

const columns = [
  { title: "QUEUE" },
  { title: "TASK" },
  { title: "ID" },
  { title: "SINCE", align: "right" },
  { title: "RUNS", align: "right" },
  { title: "REASON" },
] as const;

async function list({ broker, runtime }: BrokerAccess, queues: readonly string[], { options }: Arguments, output: Output): Promise<number> {
  const letters = (await Promise.all(queues.map((queue) => listDeadLetters(broker, queue, options.limit)))).flat();
  const now = runtime.clock.now();
  if (output.json) output.result("", { dead: letters });
  else if (letters.length === 0) output.remark("No dead letters.");
  else output.print(table(columns, letters.map(rowOf(now)), output));
  return exitCode.done;
}

function rowOf(now: number) {
  return ({ queue, task, id, at, runs, reason }: DeadLetter): readonly string[] => [
    queue,
    task ?? "-",
    id ?? "-",
    at === null ? "-" : age(Math.max(0, now - at)),
    String(runs),
    reason,
  ];
}

async function sift(
  { broker, runtime }: BrokerAccess,
  queues: readonly string[],
  { ids, to }: { readonly ids: ReadonlySet<string> | null; readonly to: "queue" | "nowhere" },
  output: Output,
): Promise<number> {
  const done: DeadLetter[] = [];
  for (const queue of queues) done.push(...(await siftDeadLetters(broker, { queue, ids, to, clock: runtime.clock })));
  const found = new Set(done.map(({ id }) => id));
  const missing = [...(ids ?? [])].filter((id) => !found.has(id));
  const what = to === "queue" ? "back in their queues" : "deleted";
  output.result(`${counted(done.length, "dead letter")}: ${what}.`, { [to === "queue" ? "redriven" : "purged"]: done, missing });
  for (const id of missing) output.remark(`There is no dead letter of a task ${id}.`);
  return missing.length === 0 ? exitCode.done : exitCode.failed;
}
