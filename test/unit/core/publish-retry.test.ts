/** Celery's policy for repeated publications, as calls and settings give it. */
import { createApp } from "@celeriac/core";
import { describe, expect, it } from "vitest";
import { publishRetry, publishWaitMs, readRetryPolicy } from "../../../packages/core/src/publish-retry.ts";

describe("a policy", () => {
  it("is read under our names and Celery's", () => {
    const ours = { maxRetries: 3, intervalStart: 0, intervalStep: "200ms", intervalMax: 1 };
    expect(readRetryPolicy({ max_retries: 3, interval_start: 0, interval_step: "200ms", interval_max: 1 })).toEqual(ours);
    expect(readRetryPolicy(ours)).toEqual(ours);
    expect(readRetryPolicy({ maxRetries: null, intervalMax: undefined })).toEqual({ maxRetries: null });
  });

  it("is nothing else", () => {
    for (const wrong of [null, 3, [], "often", { retries: 1 }, { constructor: 1 }, { max_retries: 1.5 }, { interval_max: null }])
      expect(readRetryPolicy(wrong)).toBeUndefined();
    expect(() => readRetryPolicy({ interval_step: -1 })).toThrow(expect.objectContaining({ code: "CONFIG_DURATION" }));
  });

  it("repeats at once, then 0.2 s later each time up to a second, without end, where it says nothing", () => {
    const retry = publishRetry({});
    expect([0, 1, 2, 5, 6].map((count) => publishWaitMs(retry, count))).toEqual([0, 200, 400, 1_000, 1_000]);
    expect(retry.maxRetries).toBe(Number.POSITIVE_INFINITY);
  });

  it("of a call lies over that of the app", () => {
    const app = publishRetry({ maxRetries: 5, intervalStart: "1s", intervalMax: "4s" });
    const call = publishRetry({ maxRetries: null, intervalStep: "2s" }, app);
    expect(call).toEqual({ maxRetries: Number.POSITIVE_INFINITY, startMs: 1_000, stepMs: 2_000, longestMs: 4_000 });
  });

  it("is a setting", async () => {
    const refused = { code: "PUBLISH_REJECTED" };
    const app = createApp("hasty", {
      broker: "redis://127.0.0.1:1",
      backend: "disabled",
      config: { task_publish_retry_policy: { max_retries: 0 } },
    });
    await expect(app.sendTask("t")).rejects.toMatchObject(refused);
    await app.close();
    const never = createApp("hastier", { broker: "redis://127.0.0.1:1", backend: "disabled", config: { taskPublishRetry: false } });
    await expect(never.sendTask("t")).rejects.toMatchObject(refused);
    await expect(never.sendTask("t", [], { retry: true, retryPolicy: { maxRetries: 1 } })).rejects.toMatchObject(refused);
    await never.close();
    expect(() => createApp("x", { config: { task_publish_retry_policy: { retries: 1 } as object } })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });
});
