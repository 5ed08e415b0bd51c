/** A worker where containers put it: process 1, any user, no home, and nothing to write to. */
import { readdirSync, readFileSync } from "node:fs";
import { createApp } from "@celeriac/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cage, createCage, nobody } from "../support/cage.ts";
import { redisUrl } from "../support/servers.ts";

const tasks = `
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createApp } from "celeriac";
export const app = createApp("caged");
app.task("add", (x: number, y: number) => x + y);
app.task("write", (path: string | null) => {
  try {
    writeFileSync(path ?? \`\${tmpdir()}/celeriac-wrote-this\`, "");
    return "written";
  } catch (error) {
    return (error as { code: string }).code;
  }
});
app.task("self", () => ({ uid: process.getuid?.(), home: process.env["HOME"] ?? null }));
`;

let cage: Cage;
let producer: ReturnType<typeof createApp>;
let broker: string;

beforeAll(async () => {
  broker = await redisUrl();
  cage = createCage({ "tasks.ts": tasks });
  producer = createApp("outside", { broker });
});
afterAll(async () => {
  await producer?.close();
  cage?.remove();
});

const isMaster = process.getuid?.() === 0;

it("runs tasks as process 1 of a system it cannot write to, as a user that nobody knows, and stops when it is told", async () => {
  const worker = cage.start(["-b", broker, "-A", "./tasks.ts", "worker", "-c", "2", "--http", "127.0.0.1:0"]);
  try {
    await worker.wrote(/worker-online/, 60_000);
    const pid = cage.pid(worker);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    if (cage.kind === "namespaces") expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
    if (isMaster) expect(status).toMatch(new RegExp(`^Uid:\\t${nobody}\\t${nobody}`, "m"));
    expect(await producer.sendTask("add", [1, 2]).get()).toBe(3);
    expect(await producer.sendTask("self", []).get()).toEqual({ uid: isMaster ? nobody : process.getuid?.(), home: null });
    const places =
      cage.kind === "namespaces" ? [null, "/celeriac-wrote-this", "/tmp/celeriac-wrote-this", "/dev/shm/celeriac-wrote-this"] : [null];
    for (const place of places) expect(await producer.sendTask("write", [place]).get(), String(place)).toMatch(/^(EROFS|EACCES)$/);
    expect(worker.output()).not.toMatch(/EROFS|EACCES|EPERM|Warning/);
    // To whoever holds the namespace signals of the outside are as those of a container's runtime.
    process.kill(pid, "SIGTERM");
    expect(await worker.ended).toBe(0);
    expect(worker.output()).toContain("worker-offline");
  } finally {
    await worker.stop();
  }
});

it("stops cold at SIGQUIT, with the code of that signal", async () => {
  const worker = cage.start(["-b", broker, "-A", "./tasks.ts", "worker", "-c", "1", "-P", "threads"]);
  try {
    await worker.wrote(/worker-online/, 60_000);
    const pid = cage.pid(worker);
    process.kill(pid, "SIGQUIT");
    expect(await worker.ended).toBe(131);
    expect(readdirSync("/proc")).not.toContain(String(pid));
  } finally {
    await worker.stop();
  }
});
