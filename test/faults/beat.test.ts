/** Beats that die: what was due is sent once all the same, whoever leads by then. */
import { afterEach, describe, expect, it } from "vitest";
import { createApp, runtimeOf } from "../../packages/core/src/app.ts";
import { startCeleriac } from "../support/celeriac-command.ts";
import { eventually } from "../support/eventually.ts";
import { stopBetweenWrites } from "../support/fault/between-writes.ts";
import type { PrivateProcess } from "../support/private-process.ts";
import { projectFolder } from "../support/project-folder.ts";
import { postgresUrl, redisUrl } from "../support/servers.ts";

const stepMs = 50;
const tasks = `
import { createApp, every, group } from "celeriac";
export const app = createApp("shop");
const ping = app.declare("shop.ping");
for (const name of ["a", "b", "c"])
  app.schedule(name, every("${stepMs}ms", { relative: true }), ping.si(name), { catchUp: "all" });
app.schedule("pair", every("${stepMs}ms", { relative: true }), group(ping.si("x"), ping.si("y")), { catchUp: "all" });
`;

const running: PrivateProcess[] = [];
const folders: ReturnType<typeof projectFolder>[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  for (const folder of folders.splice(0)) folder.remove();
});

function folderOf(name: string) {
  const folder = projectFolder(name, { "tasks.js": tasks });
  folders.push(folder);
  return folder.path;
}

function startBeat(folder: string, { broker, store }: Place): PrivateProcess {
  const environment = store === null ? {} : { CELERIAC_SCHEDULE_STORE: store };
  const beat = startCeleriac(folder, ["-b", broker, "beat", "--failover", "600ms"], environment);
  running.push(beat);
  return beat;
}

interface Place {
  readonly broker: string;
  /** null: with the broker */
  readonly store: string | null;
  /** of the SQLite files */
  readonly folder: string | null;
}

const places: readonly (readonly [string, () => Promise<Place>])[] = [
  ["Redis", async () => ({ broker: await redisUrl(), store: null, folder: null })],
  [
    "a SQLite file",
    async () => {
      const folder = folderOf("beat-file");
      return { broker: `sqlite://${folder}/celeriac.db`, store: null, folder };
    },
  ],
  ["PostgreSQL, with tasks on Redis", async () => ({ broker: await redisUrl(), store: await postgresUrl(), folder: null })],
];

describe.each(places)("on %s", (_, open) => {
  it("each due time is sent once, though the leader is killed, and then the next one is stopped for a while", async () => {
    const place = await open();
    const reader = createApp("shop", { broker: place.broker });
    const { broker: queues } = await runtimeOf(reader)!.links();
    await queues.connect();
    const length = () => queues.queues.length("celery");
    const first = startBeat(folderOf("beat-1"), place);
    await first.wrote(/beat-leading/, 30_000);
    const [second, third] = [startBeat(folderOf("beat-2"), place), startBeat(folderOf("beat-3"), place)];
    await Promise.all([second.wrote(/beat-following/, 30_000), third.wrote(/beat-following/, 30_000)]);

    process.kill(first.pid, "SIGKILL");
    const [leader, follower] = await Promise.race([
      second.wrote(/beat-leading/, 30_000).then(() => [second, third] as const),
      third.wrote(/beat-leading/, 30_000).then(() => [third, second] as const),
    ]);
    const before = await length();
    await eventually(async () => (await length()) > before + 20);
    await stopBetweenWrites(leader.pid, place.folder);
    await follower.wrote(/beat-leading/, 30_000);
    process.kill(leader.pid, "SIGCONT");
    await leader.wrote(/another beat leads now/, 30_000);
    const after = await length();
    await eventually(async () => (await length()) > after + 20);
    await Promise.all([leader, follower].map((beat) => beat.stop()));

    const sent = (await queues.queues.peek("celery", 100_000)).map(({ headers }) => headers);
    for (const [name, tasksOfEach] of [
      ["a", 1],
      ["b", 1],
      ["c", 1],
      ["pair", 2],
    ] as const) {
      const own = sent.filter((headers) => headers["periodic_task_name"] === name);
      const dues = own.map((headers) => Date.parse(String(headers["periodic_task_due"]))).sort((one, other) => one - other);
      expect(dues.length).toBeGreaterThan(20);
      expect(dues).toEqual(dues.map((__, at) => dues[0]! + Math.floor(at / tasksOfEach) * stepMs));
    }
    expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length);
    await reader.close();
  });
});
