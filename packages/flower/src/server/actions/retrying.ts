/** Sends a task once more with the very arguments it had, to the queue it came from; or says why that cannot be done. */
import type { App } from "@celeriac/core";
import {
  type AppRuntime,
  type Broker,
  deadLetterQueue,
  decodeBody,
  type Envelope,
  inProtocol2,
  isFinal,
  readResult,
  reasonOf,
} from "@celeriac/core/runtime";
import { Refusal } from "../access.ts";
import type { TaskRecord } from "../history/task-record.ts";

export interface Retrying {
  /** Why it cannot be done, a sentence; null: it can. */
  refusal(task: TaskRecord): Promise<string | null>;
  /** Gives the id of the new task, whose parent the old one is. Throws Refusal 409 with the reason; rejects with PUBLISH_*, BROKER_*. */
  retry(task: TaskRecord): Promise<string>;
}

/** What a task was really called with: what events tell is text, masked perhaps and cut. */
interface TrueCall {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly queue: string | null;
}

/** Messages that are looked through, of a queue and of its dead letters. */
const lookedThrough = 500;

const notKept =
  "Its arguments are known as text only, which may be masked or cut: workers keep the true ones with result_extended, in a result backend.";
const notEnded =
  "Its true arguments are stored with its end, and it has not ended: so far they are known as text, which may be masked or cut.";
const textOnly = "Its arguments were stored as text, because what is shown of them was masked, or cut.";

export function createRetrying(app: App<unknown>, runtime: AppRuntime): Retrying {
  /** A text: why there is none. */
  async function trueCall(task: TaskRecord): Promise<TrueCall | string> {
    if (task.name === null) return "Nobody has told which task it was.";
    const stored = await fromResult(task.uuid);
    if (stored !== null && typeof stored !== "string") return stored;
    return (await fromQueues(task)) ?? stored ?? notKept;
  }

  async function fromResult(id: string): Promise<TrueCall | string | null> {
    const { backend } = await runtime.links();
    const text = backend === null ? null : await backend.get(id);
    if (text === null) return null;
    const { status, args, kwargs, queue } = readResult(id, text);
    if (args === null && kwargs === null) return null;
    if (!Array.isArray(args) || !isMapping(kwargs)) return isFinal(status) ? textOnly : notEnded;
    return { args, kwargs, queue };
  }

  /** It may wait still, or lie among the dead letters. */
  async function fromQueues({ uuid, queue }: TaskRecord): Promise<TrueCall | null> {
    const { broker } = await runtime.links();
    if (!broker.connected) await broker.connect();
    for (const name of queue === null ? runtime.queues.names : [queue])
      for (const place of [name, deadLetterQueue(name)]) {
        const envelope = await messageOf(broker, place, uuid);
        if (envelope !== null) return { ...callIn(envelope), queue: name };
      }
    return null;
  }

  function callIn(envelope: Envelope): Pick<TrueCall, "args" | "kwargs"> {
    const { body, headers, properties } = inProtocol2(envelope, runtime.contentRules);
    const { args, kwargs } = decodeBody({ body, headers, contentType: properties.contentType }, runtime.contentRules);
    return { args, kwargs };
  }

  return {
    async refusal(task) {
      try {
        const call = await trueCall(task);
        return typeof call === "string" ? call : null;
      } catch (error) {
        return `It cannot be told now what it was called with: ${reasonOf(error)}`;
      }
    },
    async retry(task) {
      const call = await trueCall(task);
      if (typeof call === "string") throw new Refusal(409, call);
      const queue = call.queue ?? task.queue ?? undefined;
      const place = { parentId: task.uuid, rootId: task.rootId ?? task.uuid };
      const { id } = await app.sendTask(task.name!, call.args, { kwargs: call.kwargs, queue, ...place });
      return id;
    },
  };
}

async function messageOf({ queues }: Broker, queue: string, id: string): Promise<Envelope | null> {
  const envelopes = await queues.peek(queue, lookedThrough);
  return envelopes.find(({ headers, properties }) => headers["id"] === id || properties.correlationId === id) ?? null;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
