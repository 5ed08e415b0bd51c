/** Remote control of rate limits. Texts are Celery's. */
import { type RateLimit, readRateLimit, shownValue } from "@celeriac/core/runtime";
import type { Commands } from "./command.ts";

export const limitCommands: Commands<"rate_limit"> = {
  rate_limit({ runtime, limits }, { task_name: task, rate_limit: limit }) {
    const rate = readRateLimit(limit);
    if (rate === undefined) return { error: `Invalid rate limit string: ${shownValue(limit)} (10/s, 100/m, 1/h, or a number per second)` };
    if (!runtime.registry.runnable().includes(task)) return { error: "unknown task" };
    if (runtime.settings.workerDisableRateLimits) return { error: "rate limits are disabled: workerDisableRateLimits" };
    limits.set(task, limit as RateLimit);
    return { ok: rate === null ? "rate limit disabled successfully" : "new rate limit set successfully" };
  },
};
