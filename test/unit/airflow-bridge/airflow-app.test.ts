import type { Launcher, Outcome, Route, Workload, WorkloadContext } from "@celeriac/airflow-bridge/airflow";
import { createAirflowApp } from "@celeriac/airflow-bridge/airflow";
import { CeleriacError, runtimeOf } from "@celeriac/core/runtime";
import { createWorker, type Worker } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { commandOf, token, workloadOf } from "../../support/airflow/messages.ts";
import { publicationTo } from "../../support/envelopes.ts";

let lastName = 0;

/** What a launcher was asked for, and the way to answer. */
interface Asked {
  readonly workload: Workload;
  readonly context: WorkloadContext;
  end(outcome: Outcome): void;
}

interface World {
  readonly app: ReturnType<typeof createAirflowApp>;
  readonly worker: Worker;
  readonly told: string[];
  /** Resolves with the next workload that is to run. */
  asked(): Promise<Asked>;
}

/** A worker whose launcher is the test. */
async function world({ routes, config = {} }: { readonly routes?: readonly Route[]; readonly config?: object } = {}): Promise<World> {
  const told: string[] = [];
  const arrived: Asked[] = [];
  let wake = () => {};
  const launcher: Launcher = {
    start: async () => void told.push("started"),
    run: (workload, context) =>
      new Promise((end) => {
        arrived.push({ workload, context, end });
        wake();
      }),
    close: async () => void told.push("closed"),
  };
  const app = createAirflowApp(
    { broker: `memory://airflow-${++lastName}`, config: { taskAcksLate: true, ...config } },
    routes ?? [{ launcher }],
  );
  const worker = createWorker(app, { pool: "inline", concurrency: 4, grace: null });
  await worker.start();
  onTestFinished(async () => {
    await worker.terminate();
    await app.close();
  });
  const asked = async (): Promise<Asked> => {
    while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift()!;
  };
  return { app, worker, told, asked };
}

it("starts its launchers before anything runs, and closes them at its end", async () => {
  const { app, worker, told } = await world();
  expect(told).toEqual(["started"]);
  await worker.stop();
  await app.close();
  expect(told).toEqual(["started", "closed"]);
});

it("gives a launcher what a message asks for, and stores how that ended", async () => {
  const { app, asked } = await world();
  const sent = [
    app.sendTask("execute_command", [commandOf("a_dag")], { queue: "celery" }),
    app.sendTask("execute_workload", [workloadOf("a_dag")], { queue: "celery" }),
  ];
  const [command, workload] = [await asked(), await asked()];
  const ids = (await Promise.all(sent)).map(({ id }) => id);
  expect(command.workload).toMatchObject({ kind: "command", dagId: "a_dag" });
  expect(workload.workload).toMatchObject({ kind: "workload", text: workloadOf("a_dag") });
  expect([command, workload].map(({ context }) => context)).toMatchObject(
    ids.map((celeryId) => ({ celeryId, queue: "celery", redelivered: false, signal: { aborted: false } })),
  );
  command.end({ kind: "success" });
  workload.end({ kind: "failure", message: "it broke" });
  expect(await (await sent[0]!).get()).toBeNull();
  await expect((await sent[1]!).get()).rejects.toMatchObject({
    remote: { type: "AirflowException", module: "airflow.exceptions", args: ["it broke"] },
  });
});

it("stores nothing of what runs elsewhere", async () => {
  const { app, worker, asked } = await world();
  const sent = await app.sendTask("execute_workload", [workloadOf("a_dag")]);
  (await asked()).end({ kind: "ignore", reason: "it runs elsewhere" });
  await worker.stop();
  expect(await sent.state()).toBe("PENDING");
});

it("refuses what no scheduler sends, and starts nothing for it", async () => {
  const { app, asked } = await world();
  const refused = await app.sendTask("execute_command", [["sh", "-c", "id"]]);
  await expect(refused.get()).rejects.toThrow("does not come from a scheduler");
  await app.sendTask("execute_command", [commandOf("next")]);
  const next = await asked();
  expect(next.workload).toMatchObject({ dagId: "next" });
  next.end({ kind: "success" });
});

it("takes the first launcher that takes a workload", async () => {
  const ran: string[] = [];
  const launcher = (name: string): Launcher => ({
    start: async () => {},
    run: async () => {
      ran.push(name);
      return { kind: "success" };
    },
    close: async () => {},
  });
  const routes: Route[] = [
    { launcher: launcher("by queue"), takes: (_, queue) => queue === "celery.typescript" },
    { launcher: launcher("of workloads"), takes: ({ kind }) => kind === "workload" },
  ];
  const { app } = await world({ routes });
  await (await app.sendTask("execute_workload", [workloadOf("a_dag")])).get();
  expect(ran).toEqual(["of workloads"]);
  await expect((await app.sendTask("execute_command", [commandOf("a_dag")])).get()).rejects.toThrow("Nothing here runs a command");
});

it("tells a task to end when it is terminated, and that it was revoked", async () => {
  const { app, asked } = await world();
  const sent = await app.sendTask("execute_command", [commandOf("a_dag")]);
  const { context, end } = await asked();
  const aborted = new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()));
  await sent.revoke({ terminate: true });
  await aborted;
  end({ kind: "failure", message: "ended by SIGTERM" });
  await sent.settled();
  expect(await sent.state()).toBe("REVOKED");
});

it("runs what comes twice, as after a lost claim, once, and each message gets the outcome", async () => {
  const { app, worker, asked } = await world();
  const sent = await app.sendTask("execute_command", [commandOf("a_dag")]);
  const { end } = await asked();
  const body = Buffer.from(JSON.stringify([[commandOf("a_dag")], {}, { callbacks: null, errbacks: null, chain: null, chord: null }]));
  const { broker } = await runtimeOf(app)!.links();
  await broker.publish(publicationTo("celery", { id: sent.id, headers: { task: "execute_command" }, body }));
  await expect.poll(() => worker.stats().counts["task-received"]).toBe(2);
  end({ kind: "success" });
  expect(await sent.get()).toBeNull();
  await worker.stop();
  expect(worker.stats().counts["task-succeeded"]).toBe(2);
});

it("tries again later what could not be started here, for another worker may", async () => {
  let tries = 0;
  const launcher: Launcher = {
    start: async () => {},
    run: async () => {
      tries++;
      throw new CeleriacError("AIRFLOW_LAUNCHER", "no process can be started");
    },
    close: async () => {},
  };
  const { app, worker } = await world({ routes: [{ launcher }] });
  const sent = await app.sendTask("execute_command", [commandOf("a_dag")]);
  await expect.poll(() => sent.state()).toBe("RETRY");
  await worker.stop();
  expect(tries).toBe(1);
});

it("waits at a warm stop for what runs, and tells it nothing", async () => {
  const { app, worker, asked } = await world();
  const sent = await app.sendTask("execute_command", [commandOf("a_dag")]);
  const { context, end } = await asked();
  const stopped = worker.stop();
  end({ kind: "success" });
  await stopped;
  expect(context.signal.aborted).toBe(false);
  expect(await sent.state()).toBe("SUCCESS");
});

it("shows the token of a workload neither to monitors nor in results", async () => {
  const { app, worker, asked } = await world({ config: { resultExtended: true } });
  const sent = await app.sendTask("execute_workload", [workloadOf("a_dag")]);
  const { end } = await asked();
  for (const safe of [true, false]) {
    const active = await app.control.inspect("active", { destination: worker.hostname, args: { safe } });
    expect(JSON.stringify(active)).toContain("a_dag");
    expect(JSON.stringify(active)).not.toContain(token);
  }
  end({ kind: "success" });
  await sent.get();
  const { args } = (await sent.snapshot()) as unknown as { readonly args: unknown };
  expect(JSON.stringify(args)).toContain("a_dag");
  expect(JSON.stringify(args)).not.toContain(token);
});
