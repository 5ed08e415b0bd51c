/** Remote control of how long and how often tasks run. Texts are Celery's. */
import { durationMs, type RateLimit, readRateLimit, shownValue } from "@celeriac/core/runtime";
import { needsExecutor } from "../hard-limit.ts";
import type { Commands } from "./command.ts";

export const limitCommands: Commands<"time_limit" | "rate_limit"> = {
  time_limit({ runtime, pool, limitChanges, logger }, { task_name: name, soft, hard }) {
    if (!runtime.registry.runnable().includes(name)) return { error: "unknown task" };
    if (hard !== null && hard !== 0 && !pool.endsRuns) throw needsExecutor(`the task ${name}`);
    for (const limit of [soft, hard]) if (limit !== null) durationMs(limit, "time limit");
    limitChanges.set(name, { soft, hard });
    logger.info("time limits set", { task: name, soft, hard });
    return { ok: "time limits set successfully" };
  },
  rate_limit({ runtime, limits }, { task_name: task, rate_limit: limit }) {
    const rate = readRateLimit(limit);
    if (rate === undefined) return { error: `Invalid rate limit string: ${shownValue(limit)} (10/s, 100/m, 1/h, or a number per second)` };
    if (!runtime.registry.runnable().includes(task)) return { error: "unknown task" };
    if (runtime.settings.workerDisableRateLimits) return { error: "rate limits are disabled: workerDisableRateLimits" };
    limits.set(task, limit as RateLimit);
    return { ok: rate === null ? "rate limit disabled successfully" : "new rate limit set successfully" };
  },
};
