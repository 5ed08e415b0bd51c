/**
 * Canaries: every way to give a secret gets one of its own, and none may be found in what commands print, in the arguments of any
 * process, or in an error that somebody prints with all that hangs on it.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { type Config, createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { celeriac, startCeleriac } from "../support/celeriac-command.ts";
import { postgresRows } from "../support/postgres-client.ts";
import { projectFolder } from "../support/project-folder.ts";
import { amqpUrl, postgresUrl, redisUrl } from "../support/servers.ts";

const mark = `canary${randomUUID().replaceAll("-", "")}`;
/** A secret that is found by `mark` and told apart by its name. */
const canary = (name: string) => `${mark}${name}`;
const found = (text: string) => [...new Set(text.match(new RegExp(`${mark}\\w*`, "g")) ?? [])];

const tasks = `
import { createApp } from "celeriac";
const { BROKER_FILE, RESULTS, HOOK, UNUSED, PATIENCE = "3s" } = process.env;
export const app = createApp("canary", {
  ...(HOOK === undefined ? {} : { credentials: () => (HOOK === "" ? Promise.reject(new Error("away")) : { password: HOOK }) }),
  config: { publishTimeout: PATIENCE, broker_url_file: BROKER_FILE, result_backend: RESULTS, redis_password: UNUSED, broker_password: UNUSED, security_key_password: UNUSED },
});
app.task("t.add", (x, y) => x + y);
app.task("t.fail", (why) => { throw new TypeError(why); });
app.bound("t.log", (self) => {
  self.log.info("configured", { config: app.config, url: app.config.brokerUrl, password: UNUSED });
  return 1;
});
`;

let folder: ReturnType<typeof projectFolder>;
let admin: Redis;
let server: URL;
let database: URL;
let environment: NodeJS.ProcessEnv;
/** In PostgreSQL; the second one's password is what credentials() gives. */
const roles = [
  [`${mark.slice(0, 12)}postgres`, canary("Postgres")],
  [`${mark.slice(0, 12)}hook`, canary("Hook")],
] as const;
/** everything that commands have written */
const written: string[] = [];

const as = (user: string, secret: string, url: URL = server) => Object.assign(new URL(url), { username: user, password: secret }).href;
const run = async (more: NodeJS.ProcessEnv, ...words: string[]) => {
  const end = await celeriac(folder.path, words, { ...environment, ...more });
  written.push(end.stdout, end.stderr);
  return end;
};

/** The arguments of all processes of this machine. */
function allArguments(): string {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    })
    .join("\n");
}

beforeAll(async () => {
  server = new URL(await redisUrl());
  admin = new Redis(server.href, { protocol: 2 });
  for (const [user, secret] of [
    ["broker", canary("File")],
    ["results", canary("Results")],
  ] as const)
    await admin.acl("SETUSER", `${mark.slice(0, 12)}${user}`, "on", `>${secret}`, `>${canary("Hook")}`, "~*", "&*", "+@all");
  database = new URL(await postgresUrl());
  for (const [user, secret] of roles)
    await postgresRows(database.href, `create role ${user} login password '${secret}'; grant all on schema public to ${user}`);
  // Tables are whose they were first used by.
  await postgresRows(database.href, `grant ${roles[0][0]} to ${roles[1][0]}`);
  folder = projectFolder("canary", { "tasks.js": tasks });
  const secretFile = join(folder.path, "broker-url");
  writeFileSync(secretFile, `${as(`${mark.slice(0, 12)}broker`, canary("File"))}\n`, { mode: 0o600 });
  environment = {
    BROKER_FILE: secretFile,
    RESULTS: as(`${mark.slice(0, 12)}results`, canary("Results")),
    UNUSED: canary("Unused"),
    CELERIAC_COORDINATOR: as("coordinator", canary("Coordinator")),
  };
}, 60_000);
afterAll(async () => {
  for (const user of ["broker", "results"]) await admin?.acl("DELUSER", `${mark.slice(0, 12)}${user}`);
  for (const [user] of roles) if (database !== undefined) await postgresRows(database.href, `drop owned by ${user}; drop role ${user}`);
  admin?.disconnect();
  folder?.remove();
});

describe("no secret is told", () => {
  it.each([
    ["as JSON", () => ({})],
    ["for people, results in PostgreSQL", () => ({ RESULTS: as(...roles[0], database) }), "--text"],
    [
      "where credentials() gives the passwords, also of PostgreSQL",
      () => ({ HOOK: canary("Hook"), RESULTS: as(roles[1][0], canary("Stale"), database) }),
    ],
  ])("by a worker and those who call it, %s", async (_, setting: () => NodeJS.ProcessEnv, ...flags: string[]) => {
    const more = setting();
    const words = [...flags, "-A", "./tasks.js", "worker", "-c", "1", "-l", "debug"];
    const worker = startCeleriac(folder.path, words, { ...environment, ...more });
    try {
      await worker.wrote(/worker-online|ready/i, 60_000);
      expect(await run(more, "call", "t.add", "1", "2", "--wait")).toMatchObject({ code: 0, stdout: "3\n" });
      expect((await run(more, "call", "t.fail", "no", "--wait", "--debug")).code).toBe(3);
      expect((await run(more, "call", "t.log", "--wait", "--json")).code).toBe(0);
      expect(found(allArguments())).toEqual([]);
    } finally {
      await worker.stop();
    }
    expect(worker.output()).toContain("configured");
    expect(found(worker.output())).toEqual([]);
    expect(found(written.join("\n"))).toEqual([]);
  });

  it("by a command whose URL is on its command line, nor by the processes that it starts", async () => {
    const url = as("flag", canary("Flag"), new URL("redis://127.0.0.1:1"));
    const dev = startCeleriac(folder.path, ["-A", "./tasks.js", "-b", url, "dev", "-c", "1"], environment);
    try {
      await dev.wrote(/not reachable/, 60_000);
      expect(found(allArguments())).toEqual([]);
    } finally {
      await dev.stop();
    }
    expect(found(dev.output())).toEqual([]);
  });

  // Beside each other, but not beside those above: these have secrets among their own arguments.
  it.concurrent.each([
    ["is refused", {}, "redis"],
    ["cannot be reached", {}, "redis://u:SECRET@127.0.0.1:1"],
    ["cannot be read", {}, "redis://u:SECRET@host:bad port/"],
    ["cannot be read", {}, "redis://u:SECRET@host/database"],
    ["has a parameter that is unknown", {}, "amqp://u:SECRET@127.0.0.1:1/?password=SECRET"],
    ["is no URL of AMQP", {}, "amqp://u:SECRET@[::1"],
    ["has a scheme that nobody serves", {}, "kafka://u:SECRET@host"],
    ["has no scheme", {}, "u:SECRET@host"],
    ["holds a slash", {}, "redis://u:SECRET/more@127.0.0.1:1"],
    ["is given by credentials() that fails", { HOOK: "" }, "redis"],
  ])(
    "by the error of a URL that %s",
    async (_, more: NodeJS.ProcessEnv, template) => {
      const url = template === "redis" ? as("nobody", canary("Flag")) : template.replaceAll("SECRET", canary("Flag"));
      for (const style of template === "redis" ? [["--debug"], ["--json", "--debug"]] : [["--debug"]]) {
        const end = await run({ PATIENCE: "300ms", ...more }, ...style, "-A", "./tasks.js", "-b", url, "call", "t.add", "1", "2");
        expect(end.code, end.stdout).not.toBe(0);
        expect(found(`${end.stdout}${end.stderr}`), template).toEqual([]);
      }
    },
    120_000,
  );

  it.concurrent("by the error of a file whose text is no URL", async () => {
    const secretFile = join(folder.path, "no-url");
    for (const text of ["SECRET", "u:SECRET@host", "redis:SECRET", "amqp:SECRET", "memory:SECRET", "redis://u:SECRET@host:bad port/"]) {
      writeFileSync(secretFile, text.replaceAll("SECRET", canary("NoUrl")), { mode: 0o600 });
      for (const name of ["brokerUrlFile", "resultBackendFile", "coordinatorFile"]) {
        const error = await failureOf({ brokerUrl: "memory://canary", [name]: secretFile });
        expect(error, `${name}: ${text}`).toMatchObject({ code: "CONFIG_URL" });
        expect(found(shown(error)), `${name}: ${text}`).toEqual([]);
      }
    }
  });

  it.concurrent("by any help", async () => {
    const secrets = { CELERY_BROKER_URL: as("u", canary("Env")), CELERY_RESULT_BACKEND: as("u", canary("Env")) };
    for (const words of [["--help"], ["worker", "--help"], ["call", "--help"], ["result", "--help"], ["dev", "--help"], ["--version"]])
      expect(await run(secrets, ...words)).toMatchObject({ code: 0, stderr: "" });
    expect(found(written.join("\n"))).toEqual([]);
  });

  it("by an error with all that hangs on it, as console.log shows it", async () => {
    const amqp = new URL(await amqpUrl());
    const sentinel = `sentinel://${server.host}?master_name=prime`;
    const sentinelKwargs = { username: "nobody", password: canary("Inspect") };
    const refused: readonly (readonly [code: string, config: Config])[] = [
      ["BROKER_AUTH", { brokerUrl: as("nobody", canary("Inspect")), resultBackend: "disabled" }],
      ["BROKER_AUTH", { brokerUrl: as("nobody", canary("Inspect"), amqp), resultBackend: "disabled" }],
      ["BROKER_AUTH", { brokerUrl: sentinel, brokerTransportOptions: { sentinelKwargs }, resultBackend: "disabled" }],
      ["BACKEND_AUTH", { brokerUrl: "memory://canary", resultBackend: as("nobody", canary("Inspect"), database) }],
      ["BROKER_AUTH", { brokerUrl: "memory://canary", coordinator: as("nobody", canary("Inspect"), database) }],
    ];
    for (const [code, config] of refused) {
      for (const credentials of [undefined, () => ({ password: canary("Inspect") })]) {
        const error = await failureOf(config, credentials);
        expect(error).toMatchObject({ code });
        expect(found(shown(error))).toEqual([]);
      }
    }
  });
});

/** What connecting everything that an app has comes to. */
async function failureOf({ brokerUrl, brokerUrlFile, ...config }: Config, credentials?: () => { password: string }): Promise<unknown> {
  const broker = brokerUrlFile === undefined ? { brokerUrl } : { brokerUrlFile };
  try {
    const app = createApp("inspected", { config: { ...config, ...broker }, credentials });
    try {
      await app.connect();
      await (await runtimeOf(app)!.coordinator("this test")).now();
    } finally {
      await app.close();
    }
  } catch (error) {
    return error;
  }
  return null;
}

const shown = (error: unknown) => inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
