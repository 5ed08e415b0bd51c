/** Random canvases on real workers, some of which are killed: each comes to what a reference says, or fails and tells one error callback. */
import { type CanvasRun, runCanvases } from "../support/canvas-cases/run-canvases.ts";
import type { Place } from "../support/fault/places.ts";
import { startRedis } from "../support/redis-server.ts";
import { aside, exactly, type Figure, type Proof } from "./figure.ts";

const cases = 1_000;
const seed = 2_026;
const kills = 5;

export const canvas: Proof = {
  name: "canvas",
  how: `${cases} canvases on each broker, made at random (seed ${seed}): chains, groups, chords, maps and chunks in each other, up to 4 deep and 60 parts large. Of their tasks some fail, some retry, and in one canvas of 25 some end their process. Two workers run them, 20 canvases at a time; ${kills} times one of them is killed (SIGKILL) and replaced. A reference that knows nothing of queues says what each must give.`,
  async run(tell) {
    const redis = await startRedis();
    const places: Readonly<Record<string, Place>> = { SQLite: (directory) => `sqlite://${directory}/celeriac.db`, Redis: () => redis.url };
    try {
      const figures: Figure[] = [];
      for (const [name, place] of Object.entries(places)) {
        const run = await runCanvases(place, { cases, seed, dying: 25, kills });
        for (const line of run.wrong) tell(`${name}, ${line}`);
        figures.push(...figuresOf(name, run));
      }
      return figures;
    } finally {
      await redis.stop();
    }
  },
};

function figuresOf(name: string, run: CanvasRun): readonly Figure[] {
  return [
    aside(`${name}: parts of the canvases`, [run.nodes], ""),
    aside(`${name}: canvases that had to fail`, [run.failing], ""),
    exactly(`${name}: canvases that came to something else, or told another number of error callbacks than one`, run.wrong.length, 0),
  ];
}
