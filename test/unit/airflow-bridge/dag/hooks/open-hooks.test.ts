import { describe, expect, it } from "vitest";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import { createOpenHooks, type HookDefinition } from "../../../../../packages/airflow-bridge/src/dag/hooks/open-hooks.ts";
import { silentLogger } from "../../../../../packages/core/src/logger.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

interface Client {
  readonly id: string;
  readonly at: number;
}

function stage(open?: HookDefinition<Client>["open"], close?: HookDefinition<Client>["close"]) {
  const told: string[] = [];
  const warned: unknown[] = [];
  const clock = createFakeClock();
  const hooks = createOpenHooks({ clock, logger: { ...silentLogger, warn: (...words) => void warned.push(words) } });
  let opened = 0;
  const hook: HookDefinition<Client> = {
    types: ["redis"],
    open: open ?? (async ({ id }) => ({ id, at: ++opened })),
    close: close ?? (async ({ id, at }) => void told.push(`${id} ${at}`)),
  };
  return { hooks, hook, told, warned, clock };
}

const cache = connectionOf("cache", { type: "redis", password: "a" });

describe("what hooks have opened", () => {
  it("is one client for each connection, however many ask at once, until it is closed, the last one first", async () => {
    const { hooks, hook, told } = stage();
    const [one, other] = await Promise.all([hooks.use(hook, cache), hooks.use(hook, connectionOf("cache", { ...cache }))]);
    expect(one).toBe(other);
    expect(await hooks.use(hook, connectionOf("other", cache))).toEqual({ id: "other", at: 2 });
    await hooks.close();
    expect(told).toEqual(["other 2", "cache 1"]);
    await expect(hooks.use(hook, cache)).rejects.toMatchObject({ code: "DAG_HOOK_OUTSIDE" });
  });

  it("is opened anew for a connection that was changed, or could not be opened", async () => {
    let isDown = true;
    const { hooks, hook, told } = stage(async ({ id, password }) => {
      if (isDown) throw new Error("it is down");
      return { id, at: password === "a" ? 1 : 2 };
    });
    await expect(hooks.use(hook, cache)).rejects.toThrow("it is down");
    isDown = false;
    expect(await hooks.use(hook, cache)).toMatchObject({ at: 1 });
    expect(await hooks.use(hook, connectionOf("cache", { ...cache, password: "b" }))).toMatchObject({ at: 2 });
    await hooks.close();
    expect(told).toEqual(["cache 2", "cache 1"]);
  });

  it("is of the hook's types, or of a connection that says none", async () => {
    const { hooks, hook } = stage();
    await expect(hooks.use(hook, connectionOf("db", { type: "mysql" }))).rejects.toMatchObject({
      code: "DAG_HOOK_TYPE",
      message: "Connection db is of the type mysql: expected redis",
    });
    expect(await hooks.use(hook, connectionOf("db", {}))).toMatchObject({ id: "db" });
    expect(await hooks.use({ ...hook, types: [] }, connectionOf("db", { type: "mysql" }))).toMatchObject({ id: "db" });
  });

  it("closes what it can, and says what cannot be closed", async () => {
    const { hooks, hook, warned } = stage(undefined, () => Promise.reject(new Error("it is gone")));
    await hooks.use(hook, cache);
    await hooks.close();
    expect(warned).toEqual([["a connection could not be closed", { connection: "cache", reason: "it is gone" }]]);
  });

  it("is not waited for where it does not close", async () => {
    const { hooks, hook, warned, clock } = stage(undefined, () => new Promise(() => {}));
    await hooks.use(hook, cache);
    const closing = hooks.close();
    await clock.advance(5_000);
    await closing;
    expect(warned).toEqual([["connections do not close"]]);
  });
});
