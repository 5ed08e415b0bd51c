/** Every name that Celery ever gave a setting means something here. */
import { readFileSync } from "node:fs";
import { createApp } from "@celeriac/core";
import { type Logger, runtimeOf, silentLogger } from "@celeriac/core/runtime";
import { describe, expect, it } from "vitest";
import { celerySettings } from "../../../packages/core/src/celery-settings.ts";
import { settingTable } from "../../../packages/core/src/config.ts";
import { nameConfig } from "../../../packages/core/src/config-names.ts";
import { snakeCase } from "../../../packages/core/src/setting.ts";

interface GoldenSetting {
  readonly name: string;
  readonly former: string | null;
}
const golden: readonly GoldenSetting[] = JSON.parse(readFileSync(new URL("../../golden/celery-settings.json", import.meta.url), "utf8"));
const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
/** A value that agrees with nothing. */
const odd = Symbol("odd");
/** What a name means: our setting, or the reason why it does nothing. */
function meaning(written: string): string {
  const { own, unused } = nameConfig({ [written]: odd });
  return Object.keys(own)[0] ?? unused[0]!.reason;
}
function warningsOf(config: object, tell: (app: unknown) => void): readonly object[] {
  const lines: object[] = [];
  const app = createApp("warned", { config });
  const logger: Logger = { ...silentLogger, warn: (message, fields) => void lines.push({ message, ...fields }) };
  runtimeOf(app)!.setLogger(logger);
  tell(app);
  return lines;
}
const unknown = (nearest: string) =>
  expect.objectContaining({ code: "CONFIG_UNKNOWN", message: expect.stringContaining(`did you mean ${JSON.stringify(nearest)}?`) });

describe("the names of Celery's settings", () => {
  it("are known as they are, in capitals, in camelCase and as Django writes them", () => {
    for (const { name } of golden) {
      const row = celerySettings[name as keyof typeof celerySettings];
      const expected = row.kind === "kept" ? camelCase(name) : row.why;
      for (const written of [name, camelCase(name), name.toUpperCase(), `CELERY_${name.toUpperCase()}`])
        expect(meaning(written), written).toBe(expected);
    }
  });

  it("are known as Celery 3 called them", () => {
    for (const { name, former } of golden) if (former !== null) expect(meaning(former), former).toBe(meaning(name));
  });

  it("are those of the table, and no other", () => {
    expect(Object.keys(celerySettings).sort()).toEqual(golden.map(({ name }) => name).sort());
  });

  it("are kept where we have a setting of that name, and only there", () => {
    const ours = new Set(Object.keys(settingTable).map(snakeCase));
    for (const [name, row] of Object.entries(celerySettings)) expect([name, row.kind === "kept"]).toEqual([name, ours.has(name)]);
  });

  it("come out as ours, without what is undefined", () => {
    expect(nameConfig({ CELERY_TASK_DEFAULT_QUEUE: "django", task_acks_late: false, taskTimeLimit: undefined })).toEqual({
      own: { taskDefaultQueue: "django", taskAcksLate: false },
      unused: [],
    });
  });
});

describe("a name that nobody knows", () => {
  it.each([
    ["task_default_queu", "task_default_queue"],
    ["taskDefaultQueu", "taskDefaultQueue"],
    ["worker_prefetch_multiplyer", "worker_prefetch_multiplier"],
    ["CELERY_TASK_DEFAULT_QUEU", "CELERY_TASK_DEFAULT_QUEUE"],
    ["BROKER_ULR", "BROKER_URL"],
    ["publishTimout", "publishTimeout"],
  ])("%s is an error that names %s", (written, nearest) => {
    expect(() => createApp("x", { config: { [written]: 1 } })).toThrow(unknown(nearest));
  });

  it("may be one that every object has", () => {
    for (const name of ["constructor", "toString", "__proto__x"])
      expect(() => nameConfig({ [name]: 1 })).toThrow(expect.objectContaining({ code: "CONFIG_UNKNOWN" }));
  });
});

describe("a setting of Celery's that does nothing here", () => {
  it("is warned of once for each app, with the reason and under the name it was given", () => {
    const twice = (app: unknown) => {
      runtimeOf(app)!.tellUnusedSettings();
      runtimeOf(app)!.tellUnusedSettings();
    };
    expect(warningsOf({ cassandra_port: 9042, CELERYD_POOL_PUTLOCKS: false }, twice)).toEqual([
      { message: "setting has no effect", setting: "cassandra_port", reason: expect.stringContaining("no Cassandra result backend") },
      { message: "setting has no effect", setting: "CELERYD_POOL_PUTLOCKS", reason: expect.stringContaining("the pool takes") },
    ]);
  });

  it("is warned of where it says how to reach results, and these lie with the broker", () => {
    const tell = (app: unknown) => runtimeOf(app)!.tellUnusedSettings();
    const config = { result_backend_transport_options: { global_keyprefix: "shop:" }, redis_backend_use_ssl: true };
    const warning = { message: "setting has no effect", reason: expect.stringContaining("name result_backend") };
    expect(warningsOf(config, tell)).toEqual([
      { ...warning, setting: "redisBackendUseSsl" },
      { ...warning, setting: "resultBackendTransportOptions" },
    ]);
    expect(warningsOf({ ...config, result_backend: "redis://other" }, tell)).toEqual([]);
  });

  it("is not warned of where it asks for what is done anyway", () => {
    const config = { enable_utc: true, task_protocol: 2, imports: [], beat_scheduler: "my:Scheduler", broker_transport_options: {} };
    const lines = warningsOf(config, (app) => runtimeOf(app)!.tellUnusedSettings());
    expect(lines).toEqual([expect.objectContaining({ setting: "beat_scheduler" })]);
  });

  it("shows no value, which may be a secret", () => {
    const lines = warningsOf({ redis_password: "hunter2", broker_password: "hunter2" }, (app) => runtimeOf(app)!.tellUnusedSettings());
    expect(lines).toHaveLength(2);
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });
});
