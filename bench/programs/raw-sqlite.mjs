/**
 * The floor on SQLite: one table, prepared statements in this thread, one durable transaction for all that a turn sends, and one for the
 * settlements of a batch together with the claim of the next.
 */
import { randomUUID } from "node:crypto";
import { utimesSync, watch, writeFileSync } from "node:fs";
import Database from "libsql";
import { run } from "./noop.mjs";
import { redisMessage, resultText } from "./raw-message.mjs";

const batch = 100;
const pollMs = 5;

function open(broker) {
  const path = broker.slice("sqlite://".length);
  const database = new Database(path);
  database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000;");
  database.exec(`
    create table if not exists message (id integer primary key autoincrement, task_id text not null, claim integer, raw text not null);
    create index if not exists ready on message (id) where claim is null;
    create table if not exists result (task_id text primary key, text text not null);`);
  return { database, wakeFile: `${path}-wake` };
}

export async function openProducer({ broker, results }) {
  const { database, wakeFile } = open(broker);
  writeFileSync(wakeFile, "");
  const insert = database.prepare("insert into message (task_id, raw) values (?, ?)");
  const find = database.prepare("select text from result where task_id = ?");
  const waiters = new Map();
  let turn = null;

  function push(id, raw) {
    turn ??= { rows: [], done: new Promise((resolve) => setImmediate(() => resolve(commit()))) };
    turn.rows.push([id, raw]);
    return turn.done;
  }
  function commit() {
    const { rows } = turn;
    turn = null;
    database.exec("begin immediate");
    for (const row of rows) insert.run(...row);
    database.exec("commit");
    const now = new Date();
    utimesSync(wakeFile, now, now);
  }
  function look() {
    for (const [id, resolve] of waiters)
      if (find.get(id) !== undefined) {
        waiters.delete(id);
        resolve();
      }
  }
  const watcher = watch(wakeFile, look);
  const timer = setInterval(look, pollMs);
  const send = (task, id, argument, ignoreResult) => push(id, redisMessage(task, id, argument, ignoreResult));
  return {
    send: (index) => send("noop", randomUUID(), index, !results),
    async roundtrip(task, argument) {
      const id = randomUUID();
      const done = new Promise((resolve) => waiters.set(id, resolve));
      await send(task, id, argument, false);
      await done;
    },
    async fill(n) {
      for (let sent = 0; sent < n; sent += 1000)
        await Promise.all(
          Array.from({ length: Math.min(1000, n - sent) }, (_, index) => send("noop", randomUUID(), sent + index, !results)),
        );
    },
    waiting: async () => database.prepare("select count(*) as waiting from message where claim is null").get().waiting,
    async close() {
      clearInterval(timer);
      watcher.close();
      database.close();
    },
  };
}

export async function startWorker({ broker, results }) {
  const { database, wakeFile } = open(broker);
  writeFileSync(wakeFile, "");
  const claim = database.prepare(
    `update message set claim = 1 where id in (select id from message where claim is null order by id limit ${batch}) returning id, raw`,
  );
  const any = database.prepare("select 1 from message where claim is null limit 1");
  const remove = database.prepare("delete from message where id = ? and claim = 1");
  const store = database.prepare("insert or replace into result (task_id, text) values (?, ?)");
  let stopped = false;
  let wake = () => {};
  const watcher = watch(wakeFile, () => wake());

  function turn(done) {
    database.exec("begin immediate");
    for (const { id, taskId } of done) {
      remove.run(id);
      if (results) store.run(taskId, resultText(taskId));
    }
    const claimed = claim.all();
    database.exec("commit");
    if (results && done.length > 0) {
      const now = new Date();
      utimesSync(wakeFile, now, now);
    }
    return claimed;
  }
  async function work() {
    let done = [];
    while (!stopped) {
      const claimed = done.length > 0 || any.get() !== undefined ? turn(done) : [];
      done = claimed.sort((left, right) => left.id - right.id).map(execute);
      if (done.length > 0) await new Promise((resolve) => setImmediate(resolve));
      else
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, pollMs);
        });
    }
  }
  const working = work();
  return {
    async stop() {
      stopped = true;
      await working;
      watcher.close();
      database.close();
    },
  };
}

function execute({ id, raw }) {
  const envelope = JSON.parse(raw);
  const [[argument]] = JSON.parse(Buffer.from(envelope.body, "base64").toString("utf8"));
  run(envelope.headers.task, argument);
  return { id, taskId: envelope.headers.id };
}
