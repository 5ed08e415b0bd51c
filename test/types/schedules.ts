/** Schedules, their entries, and an embedded beat. */
import { type AsyncResult, chain, clocked, createApp, crontab, every, group, type ScheduleEntry, solar } from "celeriac";
import { createBeat } from "celeriac/beat";
import { add, app, ping, show } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

export async function schedules(): Promise<void> {
  const nightly = crontab("0 3 * * *", { tz: "Europe/Oslo", onGap: "run-after", onOverlap: "first" });
  app.schedule("nightly", nightly, add.si(1, 2), { catchUp: "last", deadline: "1h", overlap: "skip" });
  app.schedule("sums", every("1h"), chain(add.si(1, 2), show.s()));
  app.schedule("pairs", every("1h"), group(add.si(1, 2), ping.si()));
  // @ts-expect-error nobody gives the first step what it is missing
  app.schedule("bad", every("1h"), chain(add.s(1), show.s()));
  app.schedule("poll", every("30s", { relative: true }), ping.s());
  app.schedule("noon", crontab({ hour: 12, minute: 0 }), ping.s(), { queue: "slow", priority: 3, jitter: "1m", maxRuns: 2 });
  app.schedule("dusk", solar("dusk_civil", 59.9, 10.7), ping.si());
  app.schedule("own", { next: (after) => after, toString: () => "never" }, ping.si());
  // @ts-expect-error arguments are missing: nobody would give them
  app.schedule("bad", every(30), add.s(1));
  // @ts-expect-error no such policy
  app.schedule("bad", every(30), ping.s(), { catchUp: "some" });
  // @ts-expect-error no such field
  crontab({ hours: 3 });
  // @ts-expect-error no such event
  solar("sunup", 0, 0);
  expectType<Equal<Awaited<ReturnType<typeof app.schedules.get>>, ScheduleEntry | null>>();
  await app.schedules.upsert("customer-42", clocked(new Date(0)), show.si(42), { enabled: false, startAt: new Date(0) });
  await app.schedules.pause("customer-42");
  const sent = await app.schedules.trigger("customer-42");
  expectType<Equal<typeof sent, AsyncResult<unknown>>>();
  for await (const entry of app.schedules.list()) expectType<Equal<typeof entry.nextRunAt, Date | null>>();
  createApp("c", { config: { beat_schedule: { x: { task: "proj.add", schedule: 30, args: [1, 2] } } } });
  // @ts-expect-error an entry has a task
  createApp("c", { config: { beatSchedule: { x: { schedule: 30 } } } });
  await using beat = createBeat(app, { failover: "10s" });
  await beat.start();
  expectType<Equal<ReturnType<typeof beat.stats>["leads"], boolean>>();
}
