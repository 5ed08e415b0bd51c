/** Events of made-up tasks, as a fleet of twenty workers tells them; and a process that fills a history with them: `<file> <tasks> <seconds they take>`. */
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { contentRules, silentLogger } from "@celeriac/core/runtime";
import { openHistory } from "@celeriac/flower";

export const openFile = (path) =>
  openHistory({
    db: path,
    content: contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 }),
    logger: silentLogger,
    limits: { tasks: 2_000_000 },
  });

let clock = 0;

/** All that is told of task number `n`, which was sent at `at` (epoch seconds); one of a hundred fails. */
export function eventsOf(n, at) {
  const uuid = randomUUID();
  const hostname = `celery@worker-${n % 20}.example`;
  const queue = `queue_${n % 7}`;
  const call = {
    name: `shop.tasks.task_${n % 50}`,
    args: `(${n}, 'customer-${n}@example.com', {'order': ${n}, 'sku': 'AB-${n % 977}'})`,
    kwargs: `{'amount': ${n % 100}, 'currency': 'EUR', 'note': 'please deliver to the back door'}`,
    ...{ root_id: uuid, parent_id: null, retries: 0, eta: null, expires: null },
  };
  const told = (type, later, fields) => ({ type, uuid, hostname, timestamp: at + later, clock: clock++, utcoffset: 0, pid: 7, ...fields });
  const failure = {
    exception: `ValueError('order ${n} is wrong')`,
    traceback: `Traceback (most recent call last):\n${"  File x\n".repeat(50)}`,
  };
  return [
    told("task-sent", 0, { ...call, hostname: "gen1@web.example", queue, exchange: "", routing_key: queue }),
    told("task-received", 0.01, call),
    told("task-started", 0.02, {}),
    n % 100 === 0 ? told("task-failed", 0.3, failure) : told("task-succeeded", 0.3, { result: `'done ${n}'`, runtime: 0.28 }),
  ];
}

export const messageOf = (events) => ({ body: Buffer.from(JSON.stringify(events)), headers: {}, contentType: "application/json" });

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path, tasks, seconds] = process.argv.slice(2);
  const history = await openFile(path);
  const first = Date.now() / 1_000 - Number(seconds);
  for (let n = 0; n < Number(tasks); n += 1) {
    history.hear(messageOf(eventsOf(n, first + (n * Number(seconds)) / Number(tasks))));
    if (n % 2_500 === 2_499) await history.settled();
  }
  await history.settled();
  console.log("filled");
  // It is killed, not closed.
  setInterval(() => {}, 60_000);
}
