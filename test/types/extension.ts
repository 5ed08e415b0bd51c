/** Middleware, signals and an embedded worker. */
import { type Outcome, traceContext } from "celeriac";
import { createWorker, type WorkerStats } from "celeriac/worker";
import { add, app } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

export async function extension(): Promise<void> {
  app.use({
    name: "tenant",
    async publish(message, next) {
      message.headers["tenant"] = "a";
      await next();
    },
    async execute(self, next) {
      self.log.info(self.deps.db.query("x")[0] ?? "");
      return await next();
    },
  });
  app.use({
    name: "renames",
    async publish(message, next) {
      // @ts-expect-error what is sent is decided by then: only headers may be added
      message.task = "other";
      await next();
    },
  });
  app.use(
    traceContext({
      inject: (headers) => {
        headers["traceparent"] = "00";
      },
      extract: (headers, task, run) => (task in headers ? run() : Promise.reject(new Error(task))),
    }),
  );
  const listening = app.signals.taskFailure.connect((event) => void event.error, { task: add });
  listening[Symbol.dispose]();
  app.signals.taskPostrun.connect(({ outcome }) => expectType<Equal<typeof outcome, Outcome<unknown>>>());
  app.signals.taskPrerun.connect(({ task, id, retries }) =>
    expectType<Equal<[typeof task, typeof id, typeof retries], [string, string, number]>>(),
  );
  app.signals.workerReady.connect((event) => expectType<Equal<typeof event, { readonly hostname: string }>>());
  // @ts-expect-error no such signal
  app.signals.taskFailed.connect(() => {});

  await using worker = createWorker(app, { queues: ["a"], concurrency: 4, pool: "async" });
  await worker.start();
  const stats = worker.stats();
  expectType<Equal<typeof stats, WorkerStats>>();
  expectType<Equal<typeof worker.hostname, string>>();
  await worker.stop({ deadline: "5s" });
  // @ts-expect-error a length of time is a Duration, not a bare number of milliseconds
  await worker.stop({ deadlineMs: 5_000 });
  createWorker(app, { pool: "gevent", slots: 2, hostname: "w@%h", grace: "30s" }, { logger: app.currentTask()?.log, logLevel: "warn" });
  // @ts-expect-error no such pool
  createWorker(app, { pool: "forks" });
  // @ts-expect-error an app, not its name
  createWorker("proj");
  // @ts-expect-error a misspelt option
  createWorker(app, { concurency: 4 });
  await app.close({ deadline: "5s" });
}
