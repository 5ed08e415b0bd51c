/** Beats of one schedule, each a process in a folder of its own, and a worker that notes what it runs: for those who break them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startCeleriac } from "../celeriac-command.ts";
import { eventually } from "../eventually.ts";
import type { PrivateProcess } from "../private-process.ts";
import { projectFolder } from "../project-folder.ts";

export interface Run {
  readonly entry: string;
  /** epoch ms */
  readonly dueAt: number;
  /** when its task began, by the machine's clock */
  readonly at: number;
}

export interface Sent {
  readonly dueAt: number;
  /** from then until the broker had it, by the store's clock */
  readonly lateMs: number;
}

export interface RunningBeat {
  readonly pid: number;
  /** as it says itself */
  readonly leads: boolean;
  /** SIGKILL; then another one starts in its folder, as whoever watches over it would have it. */
  kill(): void;
}

export interface Beats {
  /** Starts one more; resolves when it leads or follows. `environment`: beside this process's own. */
  start(environment?: NodeJS.ProcessEnv): Promise<RunningBeat>;
  /** Resolves with who leads, of all `but` one that cannot say what became of it. */
  leader(but?: RunningBeat): Promise<RunningBeat>;
  runs(): readonly Run[];
  /** What all of them said, the dead as well. */
  sent(): readonly Sent[];
  close(): Promise<void>;
}

export interface BeatsOptions {
  readonly broker: string;
  readonly entries: number;
  readonly everyMs: number;
}

const startLimitMs = 60_000;

const tasksOf = ({ entries, everyMs }: BeatsOptions) => `
import { openSync, writeSync } from "node:fs";
import { createApp, every } from "celeriac";
export const app = createApp("shop");
const ledger = openSync(process.env.BEATS_LEDGER, "a");
const tick = app.bound("shop.tick", ({ request: { headers } }) => {
  const line = [headers["periodic_task_name"], Date.parse(headers["periodic_task_due"]), Date.now()].join(" ");
  writeSync(ledger, line + "\\n");
});
for (let n = 0; n < ${entries}; n++)
  app.schedule("entry-" + n, every("${everyMs}ms", { relative: true }), tick.si(), { catchUp: "all" });
`;

/** Starts the worker; no beat runs yet. */
export function openBeats(options: BeatsOptions): Beats {
  const folders: ReturnType<typeof projectFolder>[] = [];
  const processes: PrivateProcess[] = [];
  const beats: RunningBeat[] = [];

  function folderOf(name: string): string {
    const folder = projectFolder(name, { "tasks.js": tasksOf(options) });
    folders.push(folder);
    return folder.path;
  }

  const home = folderOf("beats-worker");
  const ledger = join(home, "ledger");
  writeFileSync(ledger, "");

  function launch(folder: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): PrivateProcess {
    const launched = startCeleriac(folder, ["-b", options.broker, ...words], { BEATS_LEDGER: ledger, ...environment });
    processes.push(launched);
    return launched;
  }

  launch(home, ["worker", "-P", "inline", "-l", "warn"]);

  return {
    async start(environment) {
      const folder = folderOf("beats");
      const words = ["beat"];
      let running = launch(folder, words, environment);
      const beat: RunningBeat = {
        get pid() {
          return running.pid;
        },
        get leads() {
          const said = running.output();
          return said.lastIndexOf("beat-leading") > said.lastIndexOf("beat-following");
        },
        kill() {
          process.kill(running.pid, "SIGKILL");
          running = launch(folder, words, environment);
        },
      };
      beats.push(beat);
      await running.wrote(/beat-(leading|following)/, startLimitMs);
      return beat;
    },
    leader: (but) =>
      eventually(() => beats.find((beat) => beat !== but && beat.leads) ?? false, {
        withinMs: startLimitMs,
        everyMs: 50,
      }) as Promise<RunningBeat>,
    runs: () => linesOf(readFileSync(ledger, "utf8")).map(runOf),
    sent: () =>
      processes.flatMap((each) =>
        linesOf(each.output())
          .filter((line) => line.includes('"beat-sent"'))
          .map(sentOf),
      ),
    async close() {
      for (const { pid } of beats) process.kill(pid, "SIGCONT");
      await Promise.all(processes.map((each) => each.stop()));
      for (const folder of folders) folder.remove();
    },
  };
}

/** Whole ones. */
function linesOf(text: string): readonly string[] {
  return text.split("\n").slice(0, -1);
}

function runOf(line: string): Run {
  const [entry = "", dueAt, at] = line.split(" ");
  return { entry, dueAt: Number(dueAt), at: Number(at) };
}

function sentOf(line: string): Sent {
  const { dueAt, lateMs } = JSON.parse(line) as { readonly dueAt: string; readonly lateMs: number };
  return { dueAt: Date.parse(dueAt), lateMs };
}
