/** A task message as Celery writes it (protocol 2), for the bare prototypes and for filling queues that Celeriac and Celery drain. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

const origin = `gen${process.pid}@${hostname()}`;
const embed = { callbacks: null, errbacks: null, chain: null, chord: null };

export function taskHeaders(task, id, argsRepr, ignoreResult) {
  return {
    lang: "py",
    task: `bench.${task}`,
    id,
    shadow: null,
    eta: null,
    expires: null,
    group: null,
    group_index: null,
    retries: 0,
    timelimit: [null, null],
    root_id: id,
    parent_id: null,
    argsrepr: argsRepr,
    kwargsrepr: "{}",
    origin,
    ignore_result: ignoreResult,
  };
}

export function taskBody(argument) {
  return Buffer.from(JSON.stringify([[argument], {}, embed]));
}

/** kombu's envelope in a Redis list. */
export function redisMessage(task, id, argument, ignoreResult) {
  return JSON.stringify({
    body: taskBody(argument).toString("base64"),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    headers: taskHeaders(task, id, `(${argument},)`, ignoreResult),
    properties: {
      correlation_id: id,
      reply_to: origin,
      delivery_mode: 2,
      delivery_info: { exchange: "", routing_key: "celery" },
      priority: 0,
      body_encoding: "base64",
      delivery_tag: randomUUID(),
    },
  });
}

/** Celery's result JSON of a task that returned null. */
export function resultText(id) {
  return JSON.stringify({
    status: "SUCCESS",
    result: null,
    traceback: null,
    children: [],
    date_done: new Date().toISOString(),
    task_id: id,
  });
}
