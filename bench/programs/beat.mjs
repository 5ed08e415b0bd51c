/**
 * `node beat.mjs <call as JSON>`: starts a beat, tells how long after the start of its process it leads and sends of the entries it has read, and when
 * it has planned every one, lets it send for a while, and tells what that cost. Prints one line of JSON.
 */
import { setTimeout as pause } from "node:timers/promises";
import { runtimeOf } from "@celeriac/core/runtime";
import { createApp, crontab, every } from "celeriac";
import { createBeat } from "celeriac/beat";

/** `source`: "code" declares the entries here; "runtime" finds them in the store, "fill" puts them there. `due` of them are due each second, for `seconds`. */
const { broker, entries, source, due, seconds } = JSON.parse(process.argv[2]);
const app = createApp("bench", { broker });
const tick = app.declare("bench.tick");
/** Half a year away. */
const month = ((new Date().getUTCMonth() + 6) % 12) + 1;
const whenOf = (n) => (n < due ? every("1s", { relative: true }) : crontab(`${n % 60} ${n % 24} ${1 + (n % 28)} ${month} *`));

if (source !== "runtime") for (let n = 0; n < entries; n++) app.schedule(`customer-${n}`, whenOf(n), tick.si(`https://example.org/${n}`));
if (source === "fill") {
  const runtime = runtimeOf(app);
  const store = await runtime.scheduleStore();
  await store.put(
    "runtime",
    [...runtime.schedule.values()].map(({ definition }) => definition),
  );
  console.log("{}");
} else {
  const beat = createBeat(app);
  const starting = beat.start();
  while (!beat.stats().leads || beat.stats().entries === 0) await pause(2);
  const leadsMs = performance.now();
  await starting;
  const knowsMs = performance.now();
  const startCpu = process.cpuUsage();
  const { rss } = process.memoryUsage();
  const found = beat.stats();
  if (found.entries !== entries) throw new Error(`It was to lead ${entries} entries: ${JSON.stringify(found)}`);
  // What is just-in-time compiled is so by then.
  await pause(1_000);
  const [before, cpuBefore] = [beat.stats().sent, process.cpuUsage()];
  await pause(seconds * 1_000);
  const { user, system } = process.cpuUsage(cpuBefore);
  const ticks = beat.stats().sent - before;
  await beat.stop();
  console.log(
    JSON.stringify({
      leadsMs,
      knowsMs,
      cpuMs: (startCpu.user + startCpu.system) / 1_000,
      rssMb: rss / 2 ** 20,
      tickUs: (user + system) / ticks,
    }),
  );
}
await app.close();
