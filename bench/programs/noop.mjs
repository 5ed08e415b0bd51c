/** The two tasks of every peer but Celery: one that only counts itself, one that also tells how late it started. */
import { count, stamp } from "./tally.mjs";

export function run(task, argument) {
  if (task === "stamp" || task === "bench.stamp") stamp(argument);
  else count();
  return null;
}
