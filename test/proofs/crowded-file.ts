/** SQLite: ten processes on one file at once. Nobody is told that it is busy, and the event loop of an API's process goes on. */
import { createFaultWorld } from "../support/fault/world.ts";
import { aside, atMost, exactly, type Proof, percentile } from "./figure.ts";
import type { ApiReport } from "./programs/api.ts";
import type { Bystander } from "./programs/bystander.ts";
import type { FloodReport } from "./programs/flood.ts";
import { runProgram } from "./run-program.ts";

const seconds = 20;
const perSecond = 100;
const floods = 4;
const inFlight = 20;
const workers = 5;
const repetitions = 3;

export const crowdedFile: Proof = {
  name: "crowd",
  how: `One file, \`durability: "full"\`, ${seconds} s, ${repetitions} times: ${workers} workers, ${floods} producers that send with ${inFlight} in flight, and an API's process that sends ${perSecond} tasks a second and waits for their results. Of a stall of its event loop, the time for which its thread waited for a free core is not ours; a process beside them that does nothing at all shows how much that is.`,
  async run(tell) {
    const runs: Crowd[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const seen = await crowd();
      runs.push(seen);
      const { worstOwnMs, worstMs } = seen.api.loop;
      tell(`longest stall ${worstOwnMs.toFixed(1)} ms of ${worstMs.toFixed(1)} ms; ${seen.sent} tasks sent, ${seen.errors.length} errors`);
    }
    const errors = runs.flatMap((seen) => seen.errors);
    for (const error of new Set(errors)) tell(error);
    const sent = runs.reduce((sum, seen) => sum + seen.sent, 0);
    const own = runs.map(({ api }) => api.loop.worstOwnMs);
    const whole = runs.map(({ api }) => api.loop.worstMs);
    const beside = runs.map(({ bystander }) => bystander.loop.worstMs);
    const sync = runs.map(({ bystander }) => bystander.worstSyncMs);
    const p99 = runs.map(({ api }) => percentile(api.sendMs, 0.99));
    return [
      exactly(`errors that reached a caller or a worker's log, of ${sent.toLocaleString("en")} tasks sent`, errors.length, 0),
      atMost("API's process, longest stall of its event loop of its own making", own, 50, " ms"),
      aside("the same, waiting for a free core included", whole, " ms"),
      aside("an idle process beside it, longest stall", beside, " ms"),
      aside("API's process, delay() p99", p99, " ms"),
      aside("fdatasync of 4 kB beside it, longest", sync, " ms"),
    ];
  },
};

interface Crowd {
  readonly api: ApiReport;
  readonly bystander: Bystander;
  readonly sent: number;
  readonly errors: readonly string[];
}

async function crowd(): Promise<Crowd> {
  const world = createFaultWorld((directory) => `sqlite://${directory}/celeriac.db`);
  try {
    const started = await Promise.all(
      Array.from({ length: workers }, (_, n) =>
        world.startWorker({ options: { pool: "threads", concurrency: 1, hostname: `w${n}@here`, queues: ["api", "flood"] } }),
      ),
    );
    const [api, bystander, ...flooded] = await Promise.all([
      runProgram<ApiReport>(world, "api", [seconds, perSecond]),
      runProgram<Bystander>(world, "bystander", [seconds]),
      ...Array.from({ length: floods }, () => runProgram<FloodReport>(world, "flood", [seconds, inFlight])),
    ]);
    const logged = started.flatMap((worker) => worker.log().split("\n").filter(isTrouble));
    return {
      api,
      bystander,
      sent: api.sendMs.length + flooded.reduce((sum, each) => sum + each.sent, 0),
      errors: [...api.errors, ...flooded.flatMap((each) => each.errors), ...logged],
    };
  } finally {
    await world.dispose();
  }
}

function isTrouble(line: string): boolean {
  return /"level":"(?:warn|error)"|SQLITE_BUSY|database is locked/.test(line);
}
