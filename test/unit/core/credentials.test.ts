/** What an app's credentials() may give, and what becomes of it when it does not. */
import { describe, expect, it } from "vitest";
import { createRedisBroker } from "../../../packages/core/src/brokers/redis/broker.ts";
import { type CredentialsHook, type CredentialsSources, createCredentialsSource } from "../../../packages/core/src/credentials.ts";
import { driverContext } from "../../support/driver-context.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const url = "redis://app:hunter2@host/0";
const source = (hook: CredentialsHook, purpose: "broker" | "backend" = "broker", clock = createFakeClock()) =>
  createCredentialsSource(hook, clock, { purpose, url, sentinel: null });

describe("credentials()", () => {
  it("is asked anew each time, and told what for without the password in the URL", async () => {
    const asked: unknown[] = [];
    const ask = source((request) => {
      asked.push(request);
      return { password: `n${asked.length}` };
    });
    expect([await ask(), await ask()]).toEqual([{ password: "n1" }, { password: "n2" }]);
    expect(asked[0]).toEqual({ purpose: "broker", url: "redis://app:********@host/0", sentinel: null });
  });

  it.each(["broker", "backend"] as const)("that throws or rejects is an error of the %s with the cause", async (purpose) => {
    const cause = new Error("the token service is away");
    const failed = { code: "CREDENTIALS_FAILED", name: purpose === "broker" ? "BrokerError" : "BackendError", cause };
    const throwing = source(() => {
      throw cause;
    }, purpose);
    await expect(throwing()).rejects.toMatchObject(failed);
    await expect(source(() => Promise.reject(cause), purpose)()).rejects.toMatchObject(failed);
  });

  it("that does not answer within 10 s has failed", async () => {
    const clock = createFakeClock();
    const asked = source(() => new Promise(() => {}), "broker", clock)();
    const failed = expect(asked).rejects.toMatchObject({ code: "CREDENTIALS_FAILED", message: expect.stringContaining("within 10 s") });
    await clock.advance(10_000);
    await failed;
  });

  it("that gives something else is an error that does not show it", async () => {
    for (const wrong of [null, undefined, "hunter2", { password: 5 }, { username: 1, password: "hunter2" }, { token: "hunter2" }]) {
      const error = await source(() => wrong as never)().catch((caught: unknown) => caught as Error);
      expect(error).toMatchObject({ code: "CREDENTIALS_FAILED" });
      expect((error as Error).message).not.toContain("hunter2");
    }
  });

  it("may name two users for two URLs, so that no script of one writes for both", () => {
    const settles = (credentials: CredentialsSources | null, resultUrl: string) =>
      createRedisBroker("redis://app@host/0", driverContext({ credentials }), { resultUrl }).settlesResults;
    const asking = () => () => Promise.resolve({ password: "new" });
    expect([settles(null, "redis://app@host/1"), settles(asking, "redis://app@host/1")]).toEqual([true, false]);
    expect(settles(asking, "redis://app@host/0")).toBe(true);
  });
});
