/** The worker of a test: a real one, whose executors only pass for processes. */
import type { App } from "@celeriac/core";
import { type AppRuntime, deadLetterQueue } from "@celeriac/core/runtime";
import { createWorker, type Execute, type InlineLife, type Simulation } from "@celeriac/worker";
import type { Rest } from "./rest.ts";
import type { StagedTasks } from "./staged-tasks.ts";

export interface TestWorkerParts {
  readonly rest: Rest;
  readonly staged: StagedTasks;
}

export interface TestWorker {
  /** queues in which something waits that it does not serve */
  neglected(): Promise<readonly string[]>;
  /** Ends at once: what runs is left to itself. */
  stop(): Promise<void>;
}

/** Tasks that run at once. */
const executors = 8;

/** Throws what starting a worker throws. */
export async function startTestWorker(app: App<unknown>, runtime: AppRuntime, parts: TestWorkerParts): Promise<TestWorker> {
  // They may define tasks, and these may name queues.
  await runtime.loadIncludes();
  const queues = runtime.registry.definitions().flatMap(({ options }) => options.queue ?? []);
  const simulation: Simulation = { executors, stage: (execute, life) => stagedExecute(execute, life, parts) };
  const worker = createWorker(
    app,
    {
      pool: "inline",
      hostname: "celery@test",
      queues: [...new Set([...runtime.queues.names, ...queues])],
      // Nobody looks at its heartbeats, and a clock that runs through days would be busy with nothing else.
      heartbeatInterval: 0,
      withoutMingle: true,
    },
    { simulation },
  );
  await worker.start();
  return {
    async neglected() {
      const { broker } = await runtime.links();
      const others = ((await broker.queues.list()) ?? []).filter((queue) => !worker.queues.includes(queue) && !isDeadLetters(queue));
      const lengths = await Promise.all(others.map((queue) => broker.queues.length(queue)));
      return others.filter((_queue, index) => lengths[index]! > 0);
    },
    async stop() {
      await worker.terminate();
      await worker.stop();
    },
  };
}

function isDeadLetters(queue: string): boolean {
  return queue.endsWith(deadLetterQueue(""));
}

function stagedExecute(execute: Execute, life: InlineLife, { rest, staged }: TestWorkerParts): Execute {
  return async (run, control) => {
    if (staged.takesCrash(run.task)) {
      life.end("signal SIGKILL, by the test's crash()");
      return await new Promise(() => {});
    }
    const ended = rest.began();
    life.ended.addEventListener("abort", ended, { once: true });
    control.signal.addEventListener("abort", rest.stirred, { once: true });
    try {
      return await execute(run, control);
    } finally {
      life.ended.removeEventListener("abort", ended);
      ended();
    }
  };
}
