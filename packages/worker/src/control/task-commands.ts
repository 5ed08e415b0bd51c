/** What a worker tells of tasks: those it holds, and those it knows. Shapes are Celery's. */
import { camelCase, decodeBody } from "@celeriac/core/runtime";
import type { Request } from "../request.ts";
import type { Commands } from "./command.ts";
import type { Desk } from "./desk.ts";

export const taskCommands: Commands<"active" | "reserved" | "scheduled" | "query_task" | "registered"> = {
  active: (desk, { safe }) => held(desk, true).map((request) => taskFacts(desk, request, safe === true)),
  reserved: (desk, { safe }) => [...held(desk, false), ...desk.limits.waiting()].map((request) => taskFacts(desk, request, safe === true)),
  // What is not due waits in the broker.
  scheduled: () => [],
  query_task(desk, { ids }) {
    const wanted = new Set(ids);
    const found = [...desk.tasks.underway(), ...desk.limits.waiting()].filter(({ headers }) => wanted.has(headers.id));
    return Object.fromEntries(
      found.map((request) => [request.headers.id, [request.began === null ? "reserved" : "active", taskFacts(desk, request, true)]]),
    );
  },
  registered({ runtime: { registry }, limits }, { taskinfoitems }) {
    const items = taskinfoitems ?? [];
    return [...registry.runnable()].sort().map((name) => {
      const options = registry.get(name)?.options as Readonly<Record<string, unknown>> | undefined;
      const told = items
        .map((item) => [item, item === "rate_limit" ? limits.limitOf(name) : options?.[camelCase(item)]] as const)
        .filter(([, value]) => value !== undefined && value !== null);
      return told.length === 0 ? name : `${name} [${told.map(([item, value]) => `${item}=${String(value)}`).join(" ")}]`;
    });
  },
};

function held({ tasks }: Desk, hasBegun: boolean): readonly Request[] {
  return [...tasks.underway()].filter(({ began }) => (began !== null) === hasBegun);
}

function taskFacts({ runtime, hostname }: Desk, request: Request, safe: boolean) {
  const { headers, run, delivery, acksLate, began } = request;
  return {
    id: headers.id,
    name: headers.task,
    ...(safe ? { args: headers.argsRepr, kwargs: headers.kwargsRepr } : argumentsOf(runtime, request)),
    type: headers.task,
    hostname,
    time_start: began === null ? null : began.at / 1_000,
    acknowledged: !acksLate,
    delivery_info: { exchange: "", routing_key: run.queue, priority: run.priority, redelivered: delivery.redelivered },
    worker_pid: began === null ? null : began.pid,
  };
}

/** As text where the body cannot be read, and where not all of it is to be shown. */
function argumentsOf({ contentRules }: Desk["runtime"], { run, headers, definition }: Request) {
  const asText = { args: headers.argsRepr, kwargs: headers.kwargsRepr };
  if (definition?.options.showArguments !== undefined) return asText;
  try {
    const { args, kwargs } = decodeBody(run, contentRules);
    return { args, kwargs };
  } catch {
    return asText;
  }
}
