/** What the monitor knows of a task is what Celery's own monitors know, in whatever order its events come. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { type HeardTaskEvent, readEvent } from "../../packages/flower/src/server/history/heard-event.ts";
import { merge } from "../../packages/flower/src/server/history/merge.ts";
import type { TaskRecord } from "../../packages/flower/src/server/history/task-record.ts";
import { type ToldEvent, taskEvent } from "../support/heard.ts";
import { debianPython } from "../support/install.ts";

const script = fileURLToPath(new URL("./monitor_state.py", import.meta.url));
const call = (by: string) => ({
  name: `n-${by}`,
  args: `(${by})`,
  kwargs: `{${by}}`,
  root_id: `r-${by}`,
  parent_id: null,
  eta: by,
  expires: null,
});

/** Each says something of its own in every field that it has. */
const told: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  sent: { ...call("sent"), retries: 1, exchange: "x", routing_key: "k" },
  received: { ...call("received"), retries: 2 },
  started: { pid: 5 },
  succeeded: { result: "'done'", runtime: 1.5 },
  failed: { exception: "E(1)", traceback: "failed" },
  retried: { exception: "E(2)", traceback: "retried" },
  revoked: { terminated: true, signum: 15, expired: false },
  rejected: { requeue: false },
  cooking: { name: "n-cooking", result: null },
};

/** All sequences of up to three different events, and of four that end with a receipt or a start (redelivered). */
function sequences(): readonly (readonly ToldEvent[])[] {
  const subjects = Object.keys(told);
  let grown: (readonly string[])[] = [[]];
  const all: (readonly string[])[] = [];
  for (let length = 1; length <= 4; length += 1) {
    const next = length < 4 ? subjects : ["received", "started"];
    grown = grown.flatMap((names) => next.filter((name) => length === 4 || !names.includes(name)).map((name) => [...names, name]));
    all.push(...grown);
  }
  return all.map((names) => names.map((name, at) => taskEvent(name, "t", 100 + at, told[name])));
}

it("is the same in every order of events", () => {
  const all = sequences();
  expect(all.length).toBeGreaterThan(1_000);
  const input = JSON.stringify(all);
  const celerys = JSON.parse(execFileSync(debianPython, [script], { input, encoding: "utf8", maxBuffer: 64 * 1024 ** 2 })) as TaskRecord[];
  for (const [at, events] of all.entries()) {
    const ours = events.reduce<TaskRecord | null>((known, event) => merge(known, readEvent(event, 1) as HeardTaskEvent), null)!;
    const order = events.map(({ type }) => type).join(", ");
    expect({ order, ...inCelerysWords(ours) }).toEqual({ order, ...celerys[at]!, retries: celerys[at]!.retries ?? 0 });
  }
});

function inCelerysWords({ routingKey, rootId, parentId, queue: _, lostAt: __, ...same }: TaskRecord) {
  return { ...same, routing_key: routingKey, root_id: rootId, parent_id: parentId };
}
