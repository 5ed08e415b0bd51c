/**
 * A process with a history, for tests that kill it: hears of one task after the other, and writes the number of each as soon as it is written.
 * Arguments: where the history is kept, and the time of the first task, epoch seconds: each is told a thousandth later than the one before.
 */
import { contentRules, silentLogger } from "@celeriac/core/runtime";
import { openHistory } from "@celeriac/flower";

const [, , db, since = String(Date.now() / 1_000)] = process.argv;
const history = await openHistory({
  db: db ?? null,
  content: contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 }),
  logger: silentLogger,
});
for (let n = 0; ; n += 1) {
  const task = { uuid: `t${n}`, hostname: "w1@box", timestamp: Number(since) + n / 1_000 };
  const events = [
    { ...task, type: "task-received", clock: 2 * n, name: "tasks.add", args: `(${n},)` },
    { ...task, type: "task-succeeded", clock: 2 * n + 1, result: String(n), runtime: 0.1 },
  ];
  history.hear({ body: Buffer.from(JSON.stringify(events)), headers: {}, contentType: "application/json" });
  if (n % 50 !== 49) continue;
  await history.settled();
  console.log(n);
}
