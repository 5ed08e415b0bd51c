/** What can be told of queues, and which there are: for their list, for a report, and for the monitor. */
import type { AppRuntime } from "./app-runtime.ts";
import type { Broker } from "./broker.ts";
import { deadLetterQueue } from "./envelope.ts";

export interface QueueFacts {
  readonly name: string;
  readonly length: number;
  /** null: the queue is empty, or the broker cannot tell */
  readonly oldestMs: number | null;
  readonly dead: number;
  readonly paused: boolean;
}

/** Whether the broker can say which queues it has; RabbitMQ cannot. */
export async function isListed(broker: Broker): Promise<boolean> {
  return (await broker.queues.list()) !== null;
}

/** Those that lie in the broker and those that the app names; dead letters stand beside their queue. */
export async function allQueues(broker: Broker, runtime: AppRuntime): Promise<readonly string[]> {
  const told = await broker.queues.list();
  await runtime.loadIncludes();
  const { queues: declared, registry } = runtime;
  const ofTasks = registry.runnable().flatMap((task) => registry.get(task)?.options.queue ?? []);
  const names = new Set([...(told ?? []), ...declared.names, ...ofTasks].filter((name) => declared.declaration(name).kind !== "broadcast"));
  const besides = new Set([...names].map(deadLetterQueue));
  return [...names].filter((name) => !besides.has(name)).sort();
}

export async function queueFacts({ queues: asked }: Broker, names: readonly string[]): Promise<readonly QueueFacts[]> {
  const paused = await asked.paused(names);
  return await Promise.all(
    names.map(async (name) => {
      const [length, oldestMs, dead] = await Promise.all([asked.length(name), asked.oldestAge(name), asked.length(deadLetterQueue(name))]);
      return { name, length, oldestMs, dead, paused: paused.has(name) };
    }),
  );
}
