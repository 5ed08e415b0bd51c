/** What each kind of process needs of PostgreSQL, and no more: the grants in docs/security.md, under which the suites are run. */
import { randomUUID } from "node:crypto";
import { createApp } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ResultBackend, ResultRecord } from "../../packages/core/src/backend.ts";
import { createPostgresBackend } from "../../packages/core/src/backends/postgres.ts";
import { createPostgresCoordinator } from "../../packages/core/src/coordinators/postgres.ts";
import { contentRules, silentLogger } from "../../packages/core/src/runtime.ts";
import { createPostgresScheduleStore } from "../../packages/core/src/schedule-stores/postgres.ts";
import type { EntryDefinition } from "../../packages/core/src/stored-entry.ts";
import { openHistory } from "../../packages/flower/src/server/history/open-history.ts";
import { createPairApp } from "../programs/pair/app.ts";
import { programUrl } from "../support/built.ts";
import { driverContext } from "../support/driver-context.ts";
import { eventually } from "../support/eventually.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { heard, success, workerEvent } from "../support/heard.ts";
import { createNotebook } from "../support/notebook.ts";
import { postgresRows } from "../support/postgres-client.ts";
import { grant, postgresGrants, postgresUsers, preparePostgres } from "../support/roles.ts";
import { postgresUrl } from "../support/servers.ts";
import { chordStart, partOf } from "./backend/chords.ts";

const refused = (words: string) => expect.objectContaining({ code: "BACKEND_REFUSED", message: expect.stringContaining(words) });

function open(url: string, { celeryTables = false, context = driverContext() } = {}): ResultBackend {
  const backend = createPostgresBackend(url, context, { celeryTables });
  onTestFinished(() => backend.close());
  return backend;
}

function record(): ResultRecord {
  const taskId = randomUUID();
  const text = JSON.stringify({ status: "SUCCESS", result: 1, task_id: taskId });
  return { taskId, state: "SUCCESS", attempt: 0, text, expiresMs: 60_000, replyTo: null };
}

describe("on PostgreSQL", () => {
  it("a producer waits for results and forgets them, and stores none", async () => {
    const { worker, producer } = await preparePostgres(await postgresUrl(), ["results"]);
    const [asking, storing] = [open(producer), open(worker)];
    const stored = record();
    const texts: string[] = [];
    await asking.subscribe(stored.taskId, (text) => texts.push(text));
    await storing.store(stored);
    await eventually(() => expect(texts).toEqual([stored.text]));
    await asking.forget(stored.taskId);
    expect(await storing.get(stored.taskId)).toBeNull();
    await storing.saveGroup({ groupId: "saved", text: "{}", expiresMs: 60_000 });
    expect(await asking.restoreGroup("saved")).toBe("{}");
    await asking.forgetGroup("saved");
    await expect(asking.store(record())).rejects.toEqual(refused("permission denied for table celeriac_result"));
  });

  it("a producer opens chords, and a worker counts and closes them", async () => {
    const { worker, producer } = await preparePostgres(await postgresUrl(), ["results"]);
    const [opening, counting] = [open(producer).chords!, open(worker).chords!];
    const chord = chordStart(1);
    await opening.open(chord);
    await opening.open(chord);
    expect(await counting.count([partOf(chord, 0)])).toBe("complete");
    await expect(opening.endClosing(chord.id)).rejects.toEqual(refused("permission denied"));
    await counting.endClosing(chord.id);
    expect(await counting.count([partOf(chord, 0)])).toBe("closed");
  });

  it("a monitor reads results, and changes nothing", async () => {
    const { worker, monitor } = await preparePostgres(await postgresUrl(), ["results"]);
    const [looking, storing] = [open(monitor), open(worker)];
    const stored = record();
    await storing.store(stored);
    expect(await looking.get(stored.taskId)).toBe(stored.text);
    await expect(looking.forget(stored.taskId)).rejects.toEqual(refused("permission denied"));
    await expect(looking.store(record())).rejects.toEqual(refused("permission denied"));
    expect(await looking.get(stored.taskId)).toBe(stored.text);
  });

  it("a producer forgets what is in Celery's table, too", async () => {
    const url = await postgresUrl();
    const { worker, producer } = await preparePostgres(url, ["results", "celeryTables"]);
    const stored = record();
    await open(worker, { celeryTables: true }).store(stored);
    expect(await postgresRows(url, "select status from celery_taskmeta")).toEqual([{ status: "SUCCESS" }]);
    await open(producer, { celeryTables: true }).forget(stored.taskId);
    expect(await postgresRows(url, "select status from celery_taskmeta")).toEqual([]);
  });

  it("a worker may neither drop its tables nor make others", async () => {
    const { worker } = await preparePostgres(await postgresUrl(), ["results", "coordinator", "celeryTables"]);
    for (const statement of ["drop table celeriac_result", "create table other (id integer)", "truncate celeriac_result"])
      await expect(postgresRows(worker, statement)).rejects.toThrow(/permission denied|must be owner/);
  });

  it("every grant of a worker is needed: without it something is refused", async () => {
    const url = await postgresUrl();
    const { worker } = await preparePostgres(url, ["results", "coordinator", "celeryTables"]);
    const everything = async () => {
      const [backend, coordinator] = [open(worker, { celeryTables: true }), createPostgresCoordinator(worker, driverContext())];
      try {
        const { taskId, ...rest } = record();
        for (const state of ["STARTED", "SUCCESS"]) await backend.store({ taskId, ...rest, state });
        await backend.get(taskId);
        await backend.forget(taskId);
        const lease = await coordinator.lease(taskId, 60_000);
        await lease!.renew();
        await lease!.release();
        await coordinator.reserve(taskId, "owner", 60_000);
        await coordinator.release(taskId, "owner");
        await coordinator.take(taskId, 1, { limit: 1, perMs: 1_000 });
        await (await coordinator.slots(taskId, 1))!.release();
      } finally {
        await Promise.all([backend.close(), coordinator.close()]);
      }
    };
    await everything();
    const statements = (["results", "coordinator", "celeryTables"] as const)
      .flatMap(postgresGrants)
      .filter((line) => line.includes("worker"));
    // Granted for either use, and taken away with the first.
    for (const statement of new Set(statements.map((line) => line.replace(/ TO .*/, " TO worker;")))) {
      await grant(url, [statement], "revoke");
      await expect(everything(), statement).rejects.toThrow(/permission denied/);
      await grant(url, [statement]);
    }
  });

  it("a beat needs each of its grants, and may read no result", async () => {
    const url = await postgresUrl();
    const { beat } = await preparePostgres(url, ["schedules"]);
    const definition = { name: "nightly", schedule: { kind: "clocked", at: 0 } } as EntryDefinition;
    const everything = async () => {
      const store = createPostgresScheduleStore(beat, randomUUID(), driverContext());
      try {
        const { token } = await store.lead("a", 60_000);
        await store.put("code", [definition]);
        await store.stamp(token!, [{ name: "nightly", dueAt: 1, taskId: "t" }], []);
        await store.stamped();
        await store.confirm(["t"], 2);
        await store.setPaused("nightly", true);
        await store.remove("code", "nightly");
      } finally {
        await store.close();
      }
    };
    await everything();
    await expect(open(beat).get("any")).rejects.toEqual(refused("permission denied"));
    for (const statement of postgresGrants("schedules")) {
      await grant(url, [statement], "revoke");
      await expect(everything(), statement).rejects.toMatchObject({
        code: "BROKER_REFUSED",
        message: expect.stringContaining("permission denied"),
      });
      await grant(url, [statement]);
    }
  });

  it("a worker removes what expired where it stores, and touches nothing else", async () => {
    const url = await postgresUrl();
    const { worker } = await preparePostgres(url, ["results"]);
    const [clock, { logger, lines }] = [createFakeClock(), createNotebook()];
    const backend = open(worker, { context: driverContext({ clock, logger }) });
    await backend.store({ ...record(), expiresMs: 0 });
    await clock.advance(60_000);
    await backend.store(record());
    await eventually(async () => expect(await postgresRows(url, "select 1 from celeriac_result")).toHaveLength(1));
    expect(lines.filter(({ message }) => message.includes("expired"))).toEqual([]);
  });

  it("who may make no tables says so where there are none, and works once somebody has made them", async () => {
    const url = await postgresUrl();
    const { owner, worker, producer } = await postgresUsers(url);
    const missing = "tables of Celeriac are missing or old, and could not be made: permission denied for schema public";
    await expect(open(worker).connect()).rejects.toEqual(refused(missing));
    const coordinator = createPostgresCoordinator(worker, driverContext());
    onTestFinished(() => coordinator.close());
    await expect(coordinator.now()).rejects.toMatchObject({
      code: "BROKER_REFUSED",
      message: expect.stringContaining(missing),
    });
    const app = createApp("asking", { broker: "memory://asking", backend: producer });
    onTestFinished(() => app.close());
    await expect(app.result("any").get()).rejects.toEqual(refused(missing));
    const tasks = createPairApp({ broker: "memory://asking", backend: worker, queue: "shop" });
    onTestFinished(() => tasks.app.close());
    const source = { moduleUrl: programUrl("pair/app").href, appName: "app" };
    const starting = createWorker(tasks.app, { pool: "threads", concurrency: 1 }, { source });
    await expect(starting.start()).rejects.toEqual(refused(missing));

    await grant(url, postgresGrants("tables"));
    await open(owner).connect();
    await grant(url, postgresGrants("results"));
    await open(worker).store({ ...record(), taskId: "made" });
    expect(await app.result("made").get()).toBe(1);
  });

  it("a monitor keeps its history in the tables that their owner has made, and no other", async () => {
    const url = await postgresUrl();
    const users = await postgresUsers(url);
    const openAs = async (db: string) => {
      const content = contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 });
      const history = await openHistory({ db, content, logger: silentLogger, limits: { tasks: 1 } });
      onTestFinished(() => history.close());
      return history;
    };
    await grant(url, postgresGrants("tables"));
    const refusing = await openAs(users.monitor);
    expect((await refusing.facts()).trouble).toContain("tables of Celeriac are missing or old, and could not be made: permission denied");
    await (await openAs(users.owner)).close();
    await grant(url, postgresGrants("history"));
    const history = await openAs(users.monitor);
    const now = Date.now() / 1_000;
    history.hear(heard(...success("old", now - 9), ...success("new", now), workerEvent("heartbeat", "w1@box", now)));
    await history.settled();
    await history.note({ at: now, user: "ann", address: "::1", action: "revoke", target: "new", refusal: null, details: {} });
    await history.amend("new", { lostAt: now });
    // One task too many was taken out.
    await eventually(async () => expect(await history.facts()).toMatchObject({ tasks: 1, trouble: null }));
    expect(await history.forgetWorkers(-3_600)).toEqual([]);
    expect(await history.audit(1)).toHaveLength(1);
    expect(await history.taskTypes()).toEqual(["tasks.add"]);
    await expect(postgresRows(users.monitor, "delete from celeriac_history_label")).rejects.toThrow("permission denied");
    await expect(postgresRows(users.monitor, "drop table celeriac_history")).rejects.toThrow("must be owner");
  });
});
