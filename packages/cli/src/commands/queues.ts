/** `celeriac queues`: lists queues, looks into them, pauses and resumes them. */
import { allQueues, CeleriacError, type Envelope, isListed, nearest, queueFacts } from "@celeriac/core/runtime";
import { type BrokerAccess, withBroker } from "../broker-access.ts";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../output.ts";
import { setQueuesPaused } from "../pausing.ts";
import { table } from "../table.ts";
import { age } from "../text.ts";

type Action = (access: BrokerAccess, args: CommandArguments<"queues">, output: Output) => Promise<void>;

const actions: Readonly<Record<string, Action>> = {
  list,
  peek,
  pause: (access, { positionals }, output) => setQueuesPaused(access, positionals.queues, output, true),
  resume: (access, { positionals }, output) => setQueuesPaused(access, positionals.queues, output, false),
};

/** Resolves with the exit code. Throws COMMAND_USAGE, BROKER_*, CONFIG_*, APP_NOT_FOUND. */
export async function queues(args: CommandArguments<"queues">, output: Output): Promise<number> {
  const { action, queues: names } = args.positionals;
  const name = action ?? "list";
  const act = Object.hasOwn(actions, name) ? actions[name]! : null;
  if (act === null) throw new CeleriacError("COMMAND_USAGE", unknownAction(name));
  if (name !== "list" && names.length === 0) throw new CeleriacError("COMMAND_USAGE", `queues ${name} needs the name of a queue`);
  return await withBroker(args.common, async (access) => {
    await act(access, args, output);
    return exitCode.done;
  });
}

function unknownAction(name: string): string {
  const near = nearest(name, Object.keys(actions));
  const expected = near === null ? `expected ${Object.keys(actions).join(", ")}` : `did you mean ${near}?`;
  return `queues cannot ${name}: ${expected}`;
}

const listColumns = [
  { title: "QUEUE" },
  { title: "READY", align: "right" },
  { title: "OLDEST", align: "right" },
  { title: "DEAD", align: "right" },
  { title: "STATE" },
] as const;

async function list({ broker, runtime }: BrokerAccess, { positionals }: CommandArguments<"queues">, output: Output): Promise<void> {
  if (positionals.queues.length === 0 && !(await isListed(broker)))
    output.remark("RabbitMQ cannot list its queues: these are the app's own.");
  const names = positionals.queues.length > 0 ? [...new Set(positionals.queues)] : await allQueues(broker, runtime);
  const facts = await queueFacts(broker, names);
  if (output.json) return output.result("", { queues: facts });
  if (facts.length === 0) return output.remark("No queues: nothing was sent yet.");
  const { colors } = output;
  const rows = facts.map(({ name, length, oldestMs, dead, paused: isPaused }) => [
    name,
    length === 0 ? colors.dim("0") : String(length),
    oldestMs === null ? colors.dim("-") : age(oldestMs),
    dead === 0 ? colors.dim("0") : colors.red(String(dead)),
    isPaused ? colors.yellow("paused") : "",
  ]);
  output.print(table(listColumns, rows, output));
}

const peekColumns = [{ title: "TASK" }, { title: "ID" }, { title: "RETRIES", align: "right" }, { title: "ARGUMENTS" }] as const;

async function peek({ broker }: BrokerAccess, { positionals, options }: CommandArguments<"queues">, output: Output): Promise<void> {
  const found = await Promise.all(
    positionals.queues.map(async (queue) => ({
      queue,
      messages: (await broker.queues.peek(queue, options.limit ?? 10)).map(messageFacts),
    })),
  );
  if (output.json) return output.result("", { queues: found });
  for (const { queue, messages } of found) {
    if (found.length > 1) output.print(output.colors.bold(queue));
    if (messages.length === 0) output.remark(`${queue} is empty.`);
    else
      output.print(
        table(
          peekColumns,
          messages.map(({ task, id, retries, arguments: given }) => [task, id, String(retries), given]),
          output,
        ),
      );
  }
}

/** What its sender wrote for people; the body is not read. */
function messageFacts({ headers, properties, body }: Envelope) {
  const text = (name: string) => (typeof headers[name] === "string" ? (headers[name] as string) : "");
  const given = [text("argsrepr").replace(/^[[(]|,?[\])]$/g, ""), text("kwargsrepr").replace(/^\{\}$/, "")].filter((part) => part !== "");
  return {
    task: text("task"),
    id: text("id"),
    retries: typeof headers["retries"] === "number" ? headers["retries"] : 0,
    eta: text("eta") || null,
    priority: properties.priority,
    bytes: body.byteLength,
    arguments: given.join(", "),
  };
}
