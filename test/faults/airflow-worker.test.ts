/** A worker of Airflow's tasks that is killed, taken for dead, given a Python worker as its neighbour, or told to end what it runs: each task has one run that counts. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createApp } from "@celeriac/core";
import { Redis } from "ioredis";
import { expect, type TestContext, test } from "vitest";
import { commandOf, workloadOf } from "../support/airflow/messages.ts";
import { stubAirflow } from "../support/airflow/stub.ts";
import { programPath } from "../support/built.ts";
import { startCeleriac } from "../support/celeriac-command.ts";
import { eventually } from "../support/eventually.ts";
import { missedSoon } from "../support/fault/world.ts";
import { debianPython } from "../support/install.ts";
import { type PrivateProcess, startPrivateProcess } from "../support/private-process.ts";
import { redisUrl } from "../support/servers.ts";

const patient = { withinMs: 30_000 };

/** A Redis, what passes for Airflow, and workers for it. */
async function open({ onTestFinished }: Pick<TestContext, "onTestFinished">) {
  const airflow = stubAirflow("airflow-faults");
  const broker = await redisUrl();
  const app = createApp("scheduler", { broker });
  const client = new Redis(broker);
  const workers: PrivateProcess[] = [];
  const environment = {
    ...{ ...process.env, ...airflow.environment },
    ...{ AIRFLOW__CELERY__BROKER_URL: broker, AIRFLOW__CELERY__RESULT_BACKEND: broker, AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME: "1" },
  };
  const letGo = () => writeFileSync(airflow.go, "");
  onTestFinished(async () => {
    letGo();
    await Promise.all(workers.map((worker) => worker.stop({ signal: "SIGKILL" })));
    await app.close();
    client.disconnect();
    airflow.remove();
  });
  const online = async (worker: PrivateProcess) => {
    workers.push(worker);
    await worker.wrote(/worker-online/, 30_000);
    return worker;
  };
  return {
    ...{ airflow, app, broker, client, letGo },
    send: (dag: string) => app.sendTask("execute_command", [commandOf(dag)], { queue: "default" }),
    hasBegun: (times = 1) => eventually(() => expect(airflow.calls()).toHaveLength(times), patient),
    /** `celeriac airflow worker` */
    startCommand: (...words: string[]) =>
      online(startCeleriac(airflow.folder, ["airflow", "worker", "--launcher", "spawn", "--skip-serve-logs", ...words], environment)),
    /** One whose death is noticed sooner than in earnest. */
    startWorker(hostname: string) {
      const args = [programPath("fault/airflow-worker"), JSON.stringify({ hostname, timing: missedSoon })];
      return online(startPrivateProcess({ command: process.execPath, args, cwd: airflow.folder, env: environment }));
    },
    /** As its fleet does with a worker that it has not heard of for too long. */
    async bury(hostname: string) {
      const incarnation = (await client.hkeys("{celeriac}:pulses")).find((each) => each.startsWith(hostname))!;
      const dead = client.multi().hset("{celeriac}:dead", incarnation, String(Date.now()));
      await dead.hdel("{celeriac}:pulses", incarnation).exec();
    },
  };
}

const lives = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.concurrent("loses no task to kill -9: another worker runs it", async (context) => {
  const { airflow, send, hasBegun, startWorker } = await open(context);
  const first = await startWorker("first@here");
  const sent = await send("first-fails");
  await hasBegun();
  process.kill(first.pid, "SIGKILL");
  await startWorker("second@here");
  expect(await sent.get({ timeout: "30s" })).toBeNull();
  expect(airflow.calls()).toHaveLength(2);
});

test.concurrent("keeps what it runs from a Python worker that gives back what is old, and once it is taken for dead its outcome does not count", async (context) => {
  const { airflow, app, broker, send, hasBegun, startWorker, bury, letGo } = await open(context);
  const first = await startWorker("first@here");
  const sent = await send("first-fails");
  await hasBegun();
  const restore = fileURLToPath(new URL("../interop/airflow/restore.py", import.meta.url));
  const { stdout } = await promisify(execFile)(debianPython, [restore, broker, "python's"]);
  // It does give back: its own.
  expect(stdout.trim()).toBe("1");
  expect(airflow.calls()).toHaveLength(1);
  expect(await sent.state()).toBe("STARTED");

  await startWorker("second@here");
  // It would wait for its own run.
  await app.control.cancelConsumer("default", { destination: "first@here", reply: true });
  await bury("first@here");
  expect(await sent.get({ timeout: "30s" })).toBeNull();
  expect(airflow.calls()).toHaveLength(2);
  // Whether the first run goes on is Airflow's to decide.
  expect(lives(airflow.calls()[0]!.pid)).toBe(true);
  letGo();
  await first.wrote(/task-lost/, 15_000);
  expect(await sent.state()).toBe("SUCCESS");
});

test.concurrent("ends at a second SIGTERM what runs, and waits until it has, also where it does not heed it", async (context) => {
  const { airflow, client, send, hasBegun, startCommand } = await open(context);
  const worker = await startCommand();
  const sent = await Promise.all([send("waits-here"), send("stubborn-here")]);
  // One of them starts another process.
  await hasBegun(3);
  process.kill(worker.pid, "SIGTERM");
  await worker.wrote(/worker-stopping/, 15_000);
  const pids = airflow.calls().map(({ pid }) => pid);
  expect(pids.map(lives)).toEqual([true, true, true]);
  process.kill(worker.pid, "SIGTERM");
  expect(await worker.ended).toBe(143);
  await eventually(() => !pids.some(lives), patient);
  // Elsewhere they would be ignored for as long as Airflow takes them for running, and nobody would tell how they ended.
  expect(await client.llen("default")).toBe(0);
  expect(await Promise.all(sent.map((each) => each.state()))).toEqual(["FAILURE", "FAILURE"]);
});

test.concurrent("ends what still runs when the time is over that it was given to end", async (context) => {
  const { send, hasBegun, startCommand } = await open(context);
  const worker = await startCommand("--grace", "50ms");
  const sent = await send("waits-here");
  await hasBegun();
  process.kill(worker.pid, "SIGTERM");
  expect(await worker.ended).toBe(0);
  expect(await sent.state()).toBe("FAILURE");
});

test.concurrent("takes and leaves queues, grows, ends tasks and stops as Airflow's commands and operators ask it", async (context) => {
  const { app, send, hasBegun, startCommand, letGo } = await open(context);
  const worker = await startCommand("-a", "16,12", "-H", "af");
  const destination = "celery@af";
  const ask = { destination, reply: true } as const;
  const { pool } = (await app.control.inspect("stats", { destination }))[destination] as { readonly pool: object };
  expect(pool).toMatchObject({ "max-concurrency": 12 });
  expect(await app.control.addConsumer("gpu", ask)).toEqual({ [destination]: { ok: "add consumer gpu" } });
  const workload = await app.sendTask("execute_workload", [workloadOf("a_dag")], { queue: "gpu" });
  expect(await workload.get()).toBeNull();
  expect(await app.control.cancelConsumer("gpu", ask)).toEqual({ [destination]: { ok: "no longer consuming from gpu" } });

  const ended = await Promise.all([send("waits-to-end"), send("stubborn-to-end")]);
  await hasBegun(4);
  await Promise.all(ended.map((each) => each.revoke({ terminate: true })));
  await Promise.all(ended.map((each) => each.settled({ timeout: "30s" })));
  expect(await Promise.all(ended.map((each) => each.state()))).toEqual(["REVOKED", "REVOKED"]);

  // As many as its range allows, once it sees that they wait; all of which a warm stop waits for.
  const many = await Promise.all(Array.from({ length: 16 }, (_, n) => send(`waits-${n}`)));
  await hasBegun(20);
  process.kill(worker.pid, "SIGTERM");
  await worker.wrote(/worker-stopping/, 15_000);
  letGo();
  expect(await worker.ended).toBe(0);
  expect(await Promise.all(many.map((each) => each.state()))).toEqual(many.map(() => "SUCCESS"));
});
