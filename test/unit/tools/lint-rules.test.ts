/** Each rule of the lint catches what it is there for, and lets its neighbour pass. */
import { describe, expect, it } from "vitest";
import { projectOf } from "../../../tools/lint/project.ts";
import { rules } from "../../../tools/lint/rules.ts";

const manifest = (name: string, doors: readonly string[]) =>
  JSON.stringify({
    name,
    exports: Object.fromEntries(doors.map((door) => [door === "index" ? "." : `./${door}`, { "celeriac-source": `./src/${door}.ts` }])),
  });

const house = {
  "packages/core/package.json": manifest("@celeriac/core", ["index", "runtime", "testing"]),
  "packages/worker/package.json": manifest("@celeriac/worker", ["index"]),
  "packages/beat/package.json": manifest("@celeriac/beat", ["index"]),
  "packages/cli/package.json": manifest("celeriac", ["index", "worker"]),
  "packages/core/src/index.ts": 'export { a } from "./a.ts";\n',
  "packages/core/src/runtime.ts": "export const runtime = 1;\n",
  "packages/core/src/testing.ts": "export const testing = 1;\n",
  "packages/core/src/a.ts": "export const a = 1;\n",
  "packages/core/src/broker.ts": "export interface Broker {}\n",
  "packages/core/src/clock.ts": "export const now = () => Date.now();\n",
  "packages/core/src/brokers/redis.ts":
    'import { Redis } from "ioredis";\nimport type { Broker } from "../broker.ts";\nimport { connect } from "../redis/connect.ts";\n',
  "packages/core/src/backends/redis.ts": "export const backend = 1;\n",
  "packages/core/src/redis/connect.ts": 'import { Redis } from "ioredis";\n',
  "packages/core/src/amqp/connect.ts": 'import amqp from "amqplib";\n',
  "packages/core/src/open.ts": 'export const open = async () => (await import("./brokers/redis.ts")).x;\n',
  "packages/worker/src/index.ts": 'import { a } from "@celeriac/core";\nimport { runtime } from "@celeriac/core/runtime";\n',
  "packages/cli/src/main.ts": 'import "@celeriac/worker";\nimport parser from "yargs-parser";\nconsole.log(process.env);\nawait x();\n',
};

/** Names of the rules broken, and where, when `files` are added to a sound house. */
function findings(files: Readonly<Record<string, string>>): readonly string[] {
  const project = projectOf(new Map(Object.entries({ ...house, ...files })));
  return rules.flatMap((rule) => [...rule.check(project)].map(({ path, line }) => `${rule.name} ${path}:${line}`));
}

function lines(count: number): string {
  return "x;\n".repeat(count);
}

describe("the lint", () => {
  it("finds nothing in a sound house", () => {
    expect(findings({})).toEqual([]);
  });

  const broken: readonly (readonly [what: string, rule: string, path: string, text: string, line?: number])[] = [
    ["core importing a sibling", "package-arrows", "packages/core/src/b.ts", 'import "@celeriac/worker";'],
    ["a sibling importing a sibling", "package-arrows", "packages/beat/src/b.ts", 'import type { W } from "@celeriac/worker";'],
    ["a sibling importing cli", "package-arrows", "packages/worker/src/b.ts", 'export * from "celeriac";'],
    ["a deep path into core", "package-arrows", "packages/worker/src/b.ts", '\nimport { a } from "@celeriac/core/src/a.ts";', 2],
    ["a relative path into another package", "package-arrows", "packages/worker/src/b.ts", 'import { a } from "../../core/src/a.ts";'],
    ["a file importing its own door by path", "own-door", "packages/core/src/b.ts", 'import { runtime } from "./runtime.ts";'],
    ["a file importing its own door by name", "own-door", "packages/core/src/b.ts", 'import { a } from "@celeriac/core";'],
    ["a type import of the own door", "own-door", "packages/core/src/b.ts", 'import type { a } from "./index.ts";'],
    ["open.ts loading a driver at once", "drivers", "packages/core/src/open.ts", 'import { x } from "./brokers/redis.ts";'],
    ["another file loading a driver", "drivers", "packages/core/src/b.ts", 'const load = () => import("./brokers/redis.ts");'],
    ["a driver importing what is above it", "drivers", "packages/core/src/brokers/redis-b.ts", 'import { a } from "../a.ts";'],
    ["a driver of another contract", "drivers", "packages/core/src/brokers/redis-b.ts", 'import { b } from "../backends/redis.ts";'],
    ["a driver in another server's room", "drivers", "packages/core/src/brokers/redis-b.ts", 'import { c } from "../amqp/connect.ts";'],
    ["a server's room importing what is above it", "drivers", "packages/core/src/redis/b.ts", 'import { a } from "../a.ts";'],
    ["ioredis outside the Redis drivers", "third-party-homes", "packages/core/src/b.ts", 'import type { Redis } from "ioredis";'],
    ["ioredis in another driver", "third-party-homes", "packages/core/src/brokers/amqp.ts", 'import { Redis } from "ioredis";'],
    [
      "amqplib outside the AMQP drivers",
      "third-party-homes",
      "packages/core/src/brokers/redis-b.ts",
      'import amqp from "amqplib/callback_api";',
    ],
    ["libsql outside the SQLite room", "third-party-homes", "packages/core/src/brokers/sqlite.ts", 'import db from "libsql";'],
    ["the argument parser outside cli", "third-party-homes", "packages/worker/src/b.ts", 'import parser from "yargs-parser/browser";'],
    ["fastify outside the monitor's server", "third-party-homes", "packages/worker/src/b.ts", 'import fastify from "fastify";'],
    ["the web side importing the server side", "monitor-sides", "packages/flower/src/web/b.ts", 'import "../server/c.ts";'],
    ["the shared side importing the web side", "monitor-sides", "packages/flower/src/shared/b.ts", 'import type { c } from "../web/c.ts";'],
    ["a signal trapped outside cli", "process-access", "packages/worker/src/b.ts", "process.on(signal, stop);"],
    ["an exit outside cli", "process-access", "packages/core/src/b.ts", "if (x) process.exit(1);"],
    ["the process taken apart", "process-access", "packages/core/src/b.ts", "const { exit } = process;"],
    ["an exit in a pool file that is no entry", "process-access", "packages/worker/src/pools/process.ts", "process.exit();"],
    ["the environment read outside cli", "environment-access", "packages/core/src/b.ts", "const home = process.env.HOME;"],
    ["Date.now outside the clock", "clock-access", "packages/core/src/b.ts", "const now = Date.now();"],
    ["new Date() outside the clock", "clock-access", "packages/core/src/b.ts", "const now = new Date( );"],
    ["new Date without parentheses", "clock-access", "packages/core/src/b.ts", "const now = +new Date;"],
    ["a timer outside the clock", "clock-access", "packages/worker/src/b.ts", "const f = () => {\n  setTimeout(f, 1);\n};", 2],
    [
      "timers under another name",
      "hidden-access",
      "packages/core/src/b.ts",
      'import { setImmediate as wait } from "node:timers/promises";',
    ],
    ["the process under another name", "hidden-access", "packages/core/src/b.ts", 'import { env } from "node:process";'],
    ["a top-level await behind a door", "top-level-await", "packages/core/src/b.ts", "const a = await f();"],
    ["a top-level await inside a block", "top-level-await", "packages/core/src/b.ts", "for await (const a of b) f(a);"],
    ["a file above 300 lines", "file-length", "packages/core/src/b.ts", lines(301), 301],
    ["a Lua file above 400 lines", "file-length", "packages/core/src/redis/b.lua", lines(401), 401],
    ["a file name that says nothing", "file-name", "packages/core/src/redis-utils.ts", ""],
    ["a file name that says nothing, in tests", "file-name", "test/unit/core/helper.test.ts", ""],
    ["a file name in camel case", "file-name", "packages/core/src/resultMeta.ts", ""],
  ];
  it.each(broken.map(([what, rule, path, text, line = 1]) => ({ what, rule, path, text, line })))(
    "catches $what",
    ({ rule, path, text, line }) => {
      expect(findings({ [path]: text })).toEqual([`${rule} ${path}:${line}`]);
    },
  );

  it("catches a circle closed by a type import, once", () => {
    const files = {
      "packages/core/src/b.ts": 'import { c } from "./c.ts";\nexport type B = 1;',
      "packages/core/src/c.ts": 'import { d } from "./d.ts";',
      "packages/core/src/d.ts": '\nimport type { B } from "./b.ts";',
    };
    expect(findings(files)).toEqual(["circles packages/core/src/b.ts:1"]);
  });

  it("fails above 400 lines and warns above 300", () => {
    const severities = [300, 301, 400, 401].map((count) => {
      const project = projectOf(new Map([["packages/core/src/b.ts", lines(count)]]));
      const found = rules.flatMap((rule) => [...rule.check(project)]);
      return found.map((finding) => (finding.isWarning === true ? "warning" : "error"));
    });
    expect(severities).toEqual([[], ["warning"], ["warning"], ["error"]]);
  });

  const sound: readonly (readonly [what: string, path: string, text: string])[] = [
    ["cli importing a sibling's door", "packages/cli/src/b.ts", 'import { w } from "@celeriac/worker";'],
    [
      "a test importing deep",
      "test/unit/core/b.test.ts",
      'import { a } from "../../../packages/core/src/a.ts";\nawait a; Date.now(); process.env.X;',
    ],
    ["a door naming a driver", "packages/core/src/testing.ts", 'export { x } from "./brokers/redis.ts";'],
    ["a driver importing its neighbour", "packages/core/src/brokers/redis-b.ts", 'import { x } from "./redis.ts";'],
    ["the rpc backend using the AMQP room", "packages/core/src/backends/rpc.ts", 'import { x } from "../amqp/connect.ts";'],
    [
      "a pool child's entry owning its process",
      "packages/worker/src/pools/process-entry.ts",
      "process.on(x, y);\nprocess.exit(process.env.X);\nawait z;",
    ],
    ["a date made from a number", "packages/core/src/b.ts", "const a = new Date(now);"],
    ["a method called like a timer", "packages/core/src/b.ts", "clock.setTimeout(f, 1); socket.setTimeout(5);"],
    [
      "an await inside a function",
      "packages/core/src/b.ts",
      "export const f = async () => await g();\nasync function h() {\n  await f();\n}",
    ],
    [
      "code in comments and texts",
      "packages/core/src/b.ts",
      '// import "./index.ts"; Date.now()\n/* process.exit() */\nconst a = "await x; Date.now()" + `setTimeout(${"process.env"})` + /Date.now()/.source;',
    ],
  ];
  it.each(sound.map(([what, path, text]) => ({ what, path, text })))("passes $what", ({ path, text }) => {
    expect(findings({ [path]: text })).toEqual([]);
  });
});
