/** What `celeryTables` leaves in Celery's own table, as Python reads it: state and errors, and never a value. */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ResultRecord } from "../../packages/core/src/backend.ts";
import { createPostgresBackend } from "../../packages/core/src/backends/postgres.ts";
import { pickleException } from "../../packages/core/src/postgres/exception-pickle.ts";
import { driverContext } from "../support/driver-context.ts";
import { debianPython } from "../support/install.ts";
import { postgresRows } from "../support/postgres-client.ts";
import { postgresUrl } from "../support/servers.ts";

let url: string;
beforeAll(async () => {
  url = await postgresUrl();
});

function open() {
  const backend = createPostgresBackend(url, driverContext(), { celeryTables: true });
  onTestFinished(() => backend.close());
  return backend;
}

/** What Python makes of a pickle. */
function unpickled(bytes: Buffer): unknown {
  const script = "import json, pickle, sys; print(json.dumps(pickle.loads(sys.stdin.buffer.read())))";
  const { stdout, stderr } = spawnSync(debianPython, ["-c", script], { input: bytes, encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as unknown;
}

function recordOf(taskId: string, state: string, more: object = {}, attempt = 0): ResultRecord {
  const done = ["SUCCESS", "FAILURE", "REVOKED"].includes(state) ? "2026-01-02T03:04:05.678000+00:00" : null;
  const text = JSON.stringify({ status: state, result: null, traceback: null, children: [], date_done: done, task_id: taskId, ...more });
  return { taskId, state, attempt, text, expiresMs: null, replyTo: null };
}

async function rowOf(taskId: string) {
  const [row] = await postgresRows(url, "select *, date_done::text as done from celery_taskmeta where task_id = $1", [taskId]);
  return row;
}

describe("Celery's own table of results", () => {
  it("has the state and no value of a task, its end in UTC, and an id", async () => {
    const backend = open();
    const taskId = randomUUID();
    await backend.store(recordOf(taskId, "STARTED", { result: { pid: 1 } }));
    expect(await rowOf(taskId)).toMatchObject({ status: "STARTED", result: null, done: null });
    await backend.store(recordOf(taskId, "SUCCESS", { result: "a value" }));
    expect(await rowOf(taskId)).toMatchObject({ id: expect.any(Number), status: "SUCCESS", result: null, done: "2026-01-02 03:04:05.678" });
    // A late word of the same run changes neither our row nor Celery's.
    expect(await backend.store(recordOf(taskId, "STARTED"))).toBe("superseded");
    expect(await rowOf(taskId)).toMatchObject({ status: "SUCCESS" });
    await backend.forget(taskId);
    expect(await rowOf(taskId)).toBeUndefined();
  });

  it("loses what ended long ago to whoever cleans up, as Python's does", async () => {
    const backend = open();
    const [old, young, running] = [randomUUID(), randomUUID(), randomUUID()];
    await backend.store(recordOf(old, "SUCCESS", { date_done: "2020-01-01T00:00:00.000000+00:00" }));
    await backend.store(recordOf(young, "SUCCESS", { date_done: new Date(Date.now() - 3_500_000).toISOString() }));
    await backend.store(recordOf(running, "STARTED"));
    await backend.cleanUp?.(3_600_000);
    const left = await Promise.all([old, young, running].map(rowOf));
    expect(left).toMatchObject([undefined, { status: "SUCCESS" }, { status: "STARTED" }]);
    expect(await backend.get(old)).not.toBeNull();
  });

  it("has of a failure what Python reads as its type, words and module", async () => {
    const taskId = randomUUID();
    const exception = { exc_type: "ValueError", exc_message: ["grüße 日本語 🦊", 5], exc_module: "builtins" };
    await open().store(recordOf(taskId, "FAILURE", { result: exception, traceback: "at \0 line 1" }));
    const row = await rowOf(taskId);
    expect(row).toMatchObject({ status: "FAILURE", traceback: "at  line 1" });
    expect(unpickled(row!["result"] as Buffer)).toEqual({ ...exception, exc_message: ["grüße 日本語 🦊", "5"] });
  });

  it("keeps an end that a Python worker wrote", async () => {
    const backend = open();
    await backend.connect();
    const taskId = randomUUID();
    await postgresRows(
      url,
      "insert into celery_taskmeta (id, task_id, status, date_done) values (nextval('task_id_sequence'), $1, 'SUCCESS', now())",
      [taskId],
    );
    expect(await backend.get(taskId)).toBeNull();
    await backend.store(recordOf(taskId, "STARTED"));
    expect(await rowOf(taskId)).toMatchObject({ status: "SUCCESS" });
  });

  it("is not there unless it was asked for", async () => {
    const elsewhere = await postgresUrl();
    const backend = createPostgresBackend(elsewhere, driverContext(), { celeryTables: false });
    onTestFinished(() => backend.close());
    await backend.store(recordOf("any", "SUCCESS"));
    expect(await postgresRows(elsewhere, "select to_regclass('celery_taskmeta') as found")).toEqual([{ found: null }]);
  });

  it("gets no row for an id it has no room for, while ours is stored", async () => {
    const backend = open();
    const taskId = "x".repeat(156);
    expect(await backend.store(recordOf(taskId, "SUCCESS"))).toBe("stored");
    expect(await rowOf(taskId)).toBeUndefined();
  });
});

it("pickles nothing but exceptions", () => {
  for (const value of [null, 1, "text", [], {}]) expect(pickleException(value)).toBeNull();
  expect(unpickled(pickleException({ exc_type: "E", exc_message: "one", exc_module: null })!)).toEqual({
    ...{ exc_type: "E", exc_message: ["one"], exc_module: "builtins" },
  });
});
