/** Where the monitor's options come from, and how they are read. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { type Logger, silentLogger } from "../../../packages/core/src/logger.ts";
import { readMonitorOptions } from "../../../packages/flower/src/server/option-sources.ts";
import { monitorOptionTable, resolveMonitorOptions } from "../../../packages/flower/src/server/options.ts";

const folder = (files: Readonly<Record<string, string>> = {}) => {
  const path = mkdtempSync(join(tmpdir(), "celeriac-flower-options-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
};
const read = (where: string, flags = {}, logger: Logger = silentLogger) => readMonitorOptions({ flags, folder: where, logger });

it("has every option of Flower under its name", () => {
  const ofFlower =
    "port address unix_socket debug inspect_timeout auth basic_auth auth_provider oauth2_key oauth2_secret oauth2_redirect_uri cookie_secret max_workers max_tasks persistent db state_save_interval broker_api certfile keyfile ca_certs xheaders auto_refresh purge_offline_workers conf enable_events format_task natural_time tasks_columns url_prefix task_runtime_metric_buckets read_only logging log_to_stderr log_file_prefix log_file_max_size log_file_num_backups log_rotate_mode log_rotate_when log_rotate_interval";
  const variables = Object.values(monitorOptionTable).map(({ env }) => env);
  expect(variables).toEqual(expect.arrayContaining(ofFlower.split(" ").map((name) => `FLOWER_${name.toUpperCase()}`)));
});

it("lets a flag win over the file, the file over the environment, and that over the default", async () => {
  vi.stubEnv("FLOWER_PORT", "1001");
  vi.stubEnv("FLOWER_MAX_TASKS", "1002");
  vi.stubEnv("FLOWER_DB", "env.sqlite");
  const where = folder({ "flowerconfig.json": JSON.stringify({ port: 2001, max_tasks: 2002 }) });
  const given = resolveMonitorOptions(await read(where, { port: 3001 }));
  expect(given).toMatchObject({ port: 3001, maxTasks: 2002, db: "env.sqlite", maxWorkers: 5_000 });
});

it("passes over the port that Kubernetes sets for a service called flower, and says so", async () => {
  vi.stubEnv("FLOWER_PORT", "tcp://10.0.0.1:5555");
  const warned: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warned.push(message) };
  expect(resolveMonitorOptions(await read(folder(), {}, logger)).port).toBe(5555);
  expect(warned).toEqual(["FLOWER_PORT is no port, and is passed over"]);
});

it("names the variable that cannot be used, and not its value where that is a secret", async () => {
  vi.stubEnv("FLOWER_AUTO_REFRESH", "perhaps");
  await expect(read(folder())).rejects.toThrow('FLOWER_AUTO_REFRESH: expected yes or no, got "perhaps"');
});

it("passes over variables that are no options", async () => {
  vi.stubEnv("FLOWER_SERVICE_HOST", "10.0.0.1");
  expect(await read(folder())).toEqual({});
});

it("reads a module, with a function in it", async () => {
  const where = folder({
    "flowerconfig.mjs": "export const natural_time = true;\nexport const format_task = (task) => ({ ...task, args: '***' });",
  });
  const { formatTask, naturalTime } = resolveMonitorOptions(await read(where));
  expect(naturalTime).toBe(true);
  expect(formatTask?.({ args: "(1,)" } as never)).toEqual({ args: "***" });
});

it("says what becomes of a flowerconfig.py, and reads it no further", async () => {
  const where = folder({ "flowerconfig.py": "basic_auth = ['u:p']" });
  await expect(read(where)).rejects.toMatchObject({ code: "CONFIG_FILE", message: expect.stringContaining("flowerconfig.json") });
  await expect(read(where, { conf: "flowerconfig.py" })).rejects.toMatchObject({ code: "CONFIG_FILE" });
  writeFileSync(join(where, "flowerconfig.json"), "{}");
  expect(await read(where)).toEqual({});
});

it("names what it does not know in a file, and a file that is not there", async () => {
  const where = folder({ "own.json": JSON.stringify({ max_taks: 1 }) });
  await expect(read(where, { conf: "own.json" })).rejects.toThrow('Unknown option in own.json "max_taks": did you mean "maxTasks"?');
  await expect(read(where, { conf: "none.json" })).rejects.toMatchObject({ code: "CONFIG_FILE" });
});

it("reads lists, bounds and prefixes as Flower writes them", () => {
  const given = resolveMonitorOptions({
    basicAuth: "a:1, b:2" as never,
    taskRuntimeMetricBuckets: "1,5,10,inf" as never,
    urlPrefix: "/flower/",
    address: "",
  });
  expect(given).toMatchObject({ basicAuth: ["a:1", "b:2"], taskRuntimeMetricBuckets: [1, 5, 10], urlPrefix: "flower", address: null });
  expect(() => resolveMonitorOptions({ taskRuntimeMetricBuckets: "5,1" as never })).toThrow("rising numbers");
  const level = (logging: string) => resolveMonitorOptions({ logging: logging as never }).logging;
  expect(["WARNING", "debug", "none", ""].map(level)).toEqual(["warn", "debug", "silent", null]);
  expect(() => level("loud")).toThrow("one of debug");
});
