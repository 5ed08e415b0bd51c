/** Beats that are killed, stopped and parted from their broker while a hundred entries are due every second: each due time runs once, and in time. */
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { type Beats, openBeats, type Run } from "../support/fault/beats.ts";
import { stopBetweenWrites } from "../support/fault/between-writes.ts";
import { createMovedClock } from "../support/moved-clock.ts";
import { temporaryDirectory } from "../support/private-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { aside, below, exactly, type Figure, type Proof, percentile } from "./figure.ts";
import type { Bystander } from "./programs/bystander.ts";
import { runProgram } from "./run-program.ts";

const entries = 100;
const seconds = 100;
const everyMs = 1_000;
const skewSeconds = 2;
const stopMs = 30_000;
/** After the last due time: as long as a failover may take, and what was missed meanwhile. */
const patienceMs = 20_000;
const limitMs = 10;

/** What is done to the leader, or to the broker, so many seconds after the first due time that counts. */
const blows = [
  [10, "kill"],
  [30, "stop"],
  [65, "restart"],
  [80, "kill"],
] as const;
/** Then a round is being sent. */
const amidMs = 5;

interface Place {
  readonly name: string;
  readonly broker: string;
  /** where others may write something */
  readonly directory: string;
  /** of its files */
  readonly folder: string | null;
  /** for the processes whose clock is ahead */
  readonly skew: NodeJS.ProcessEnv;
  /** null: there is nothing to restart */
  readonly restart: (() => Promise<void>) | null;
}

export const beat: Proof = {
  name: "beat",
  how: `${entries} entries are due every second, for ${seconds} s; three beats, each a process in a folder of its own, and one worker. The leader is killed (SIGKILL) 10 and 80 s after the first due time, amid a round, and stopped (SIGSTOP) for ${stopMs / 1_000} s after 30; who was killed starts anew at once. Redis is killed, too, after 65 s, and started again (it writes each change to disk); and of the beats on it the one that leads first, until it is killed, has a clock that is ${skewSeconds} s ahead. A SQLite file has no server to restart, and the beats on it have one clock. Counted is what the worker ran, by entry and due time; the store's clock is the machine's. Lateness is the beat's, by the store's clock: from when an entry is due until the broker has it. Beside it stands when its task began, for which the worker has taken and begun, one after another, all that were due with it. Due times between a blow and a second after its end are left out of the lateness, and nowhere else. Whoever else uses the machine makes it late, too: what that does to an idle process stands beside it.`,
  async run(tell) {
    const directory = temporaryDirectory("beat-proof");
    const clock = createMovedClock(directory.path);
    clock.setAhead(skewSeconds);
    const redis = await startRedis({ persists: true });
    const places: readonly Place[] = [
      {
        name: "Redis",
        broker: redis.url,
        directory: directory.path,
        folder: null,
        skew: clock.environment,
        restart: () => redis.restart({ hard: true }),
      },
      {
        name: "SQLite",
        broker: `sqlite://${directory.path}/celeriac.db`,
        directory: directory.path,
        folder: directory.path,
        skew: {},
        restart: null,
      },
    ];
    try {
      const figures: Figure[] = [];
      for (const place of places) figures.push(...(await figuresOf(place, (line) => tell(`${place.name}, ${line}`))));
      return figures;
    } finally {
      await redis.stop();
      directory.remove();
    }
  },
};

interface Blow {
  readonly what: (typeof blows)[number][1];
  /** by the machine's clock */
  readonly at: number;
}

interface Course {
  /** of the due times that count, epoch ms */
  readonly from: number;
  readonly struck: readonly Blow[];
  readonly beats: Beats;
}

async function figuresOf(place: Place, tell: (line: string) => void): Promise<readonly Figure[]> {
  const beside = runProgram<Bystander>({ broker: place.broker, directory: place.directory }, "bystander", [seconds]);
  const beats = openBeats({ broker: place.broker, entries, everyMs });
  try {
    const figures = [...judge({ beats, ...(await strike(place, beats, tell)) }), ...machineOf(await beside)];
    return figures.map((figure) => ({ ...figure, what: `${place.name}: ${figure.what}` }));
  } finally {
    await beats.close();
  }
}

/** Lets beats and broker have the blows one after another; resolves when everything that was due has run, or will not any more. */
async function strike(place: Place, beats: Beats, tell: (line: string) => void): Promise<Omit<Course, "beats">> {
  // Whoever is there first leads: the one whose clock is ahead.
  for (const environment of [place.skew, {}, {}]) await beats.start(environment);
  await eventually(() => beats.runs().length > 0, { withinMs: 60_000 });
  const from = (Math.ceil(Date.now() / everyMs) + 1) * everyMs;
  const struck: Blow[] = [];
  for (const [second, what] of blows) {
    await until(from + second * 1_000 + amidMs);
    const at = Date.now();
    switch (what) {
      case "kill":
        (await beats.leader()).kill();
        break;
      case "stop": {
        const { pid } = await beats.leader();
        await stopBetweenWrites(pid, place.folder);
        await pause(stopMs);
        process.kill(pid, "SIGCONT");
        break;
      }
      case "restart":
        if (place.restart === null) continue;
        await place.restart();
    }
    struck.push({ what, at });
    tell(`${what} at ${second} s`);
  }
  const end = from + seconds * 1_000;
  const wanted = entries * seconds;
  const haveRun = () =>
    new Set(
      beats
        .runs()
        .filter((run) => run.dueAt >= from && run.dueAt < end)
        .map(nameOf),
    ).size;
  while (haveRun() < wanted && Date.now() < end + patienceMs) await pause(everyMs);
  return { from, struck };
}

function judge({ from, struck, beats }: Course): readonly Figure[] {
  const counts = ({ dueAt }: { readonly dueAt: number }) => dueAt >= from && dueAt < from + seconds * 1_000;
  const all = beats.runs();
  const runs = all.filter(counts);
  const dues = new Set(runs.map(nameOf));
  const blows = struck.map(({ what, at }) => ({
    what,
    at,
    backAt: Math.min(...all.filter(({ dueAt }) => dueAt > at).map((run) => run.at)),
  }));
  const isCalm = ({ dueAt }: { readonly dueAt: number }) =>
    blows.every(({ at, backAt }) => dueAt < at - everyMs || dueAt > backAt + everyMs);
  const started = runs.filter(isCalm).map(({ at, dueAt }) => at - dueAt);
  const sent = beats
    .sent()
    .filter(counts)
    .filter(isCalm)
    .map(({ lateMs }) => lateMs);
  const gaps = (isAsked: (what: Blow["what"]) => boolean) =>
    blows.filter(({ what }) => isAsked(what)).map(({ at, backAt }) => (backAt - at) / 1_000);
  const [failovers, restarts] = [gaps((what) => what !== "restart"), gaps((what) => what === "restart")];
  return [
    exactly(`due times that ran, of ${entries} entries in ${seconds} s`, dues.size, entries * seconds),
    exactly("runs beyond one of each", runs.length - dues.size, 0),
    exactly("runs that no entry was due for", runs.filter(({ dueAt }) => dueAt % everyMs !== 0).length, 0),
    exactly("runs that began more than 1 ms before they were due", runs.filter(({ at, dueAt }) => at < dueAt - 1).length, 0),
    below("outside the failovers, due until the broker has it, p50", [percentile(sent, 0.5)], limitMs, " ms"),
    aside("the same, p99", [percentile(sent, 0.99)], " ms"),
    aside("outside the failovers, due until its task runs, p50", [percentile(started, 0.5)], " ms"),
    aside("the same, p99", [percentile(started, 0.99)], " ms"),
    below(
      `longest of ${failovers.length} failovers: leader killed or stopped until what was due next runs`,
      [Math.max(...failovers)],
      10,
      " s",
    ),
    ...(restarts.length === 0 ? [] : [below("broker killed until what was due next runs", restarts, 10, " s")]),
  ];
}

/** What it did to everybody on it: lateness is to be read beside it. */
function machineOf({ loop, worstSyncMs }: Bystander): readonly Figure[] {
  return [
    aside("timers of an idle process beside it, p99", [loop.p99Ms], " ms"),
    aside("fdatasync of 4 kB beside it, longest", [worstSyncMs], " ms"),
    aside("load of the machine meanwhile", [loadavg()[0] ?? 0], ""),
  ];
}

const nameOf = ({ entry, dueAt }: Run) => `${entry} ${dueAt}`;

async function until(epochMs: number): Promise<void> {
  await pause(Math.max(0, epochMs - Date.now()));
}
