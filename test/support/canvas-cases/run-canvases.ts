/** Sends random canvases to real workers, one of which is killed meanwhile, and compares what comes of each with what must. */
import { isDeepStrictEqual } from "node:util";
import type { AsyncResult, Outcome } from "@celeriac/core";
import { eventually } from "../eventually.ts";
import type { Place } from "../fault/places.ts";
import { createFaultWorld, type FaultWorld, missedSoon } from "../fault/world.ts";
import { buildCanvas, type Canvas, expectedAtEnd, nodesOf, randomCanvases } from "./random-canvas.ts";

export interface CanvasRun {
  readonly cases: number;
  readonly nodes: number;
  readonly failing: number;
  /** cases that came to something else, with the canvas as JSON */
  readonly wrong: readonly string[];
}

export interface CanvasRunOptions {
  readonly cases: number;
  readonly seed: number;
  /** one canvas in so many has tasks that end their executor */
  readonly dying: number;
  /** workers are killed (SIGKILL) and replaced so often */
  readonly kills: number;
}

/** Sent and not ended at once. */
const underway = 20;

export async function runCanvases(place: Place, { cases, seed, dying, kills }: CanvasRunOptions): Promise<CanvasRun> {
  const world = createFaultWorld(place, {}, missedSoon);
  try {
    const canvases = randomCanvases(cases, seed, dying);
    const expected = canvases.map(expectedAtEnd);
    const workers = [await startWorker(world, 0), await startWorker(world, 1)];
    const killAt = new Set(Array.from({ length: kills }, (_, index) => Math.floor(((index + 1) * cases) / (kills + 1))));
    const wrong: string[] = [];
    let next = 0;
    async function runOn(): Promise<void> {
      for (let index = next++; index < cases; index = next++) {
        if (killAt.has(index)) {
          workers.shift()?.process.kill("SIGKILL");
          workers.push(await startWorker(world, workers.length + index));
        }
        const problem = await problemOf(world, canvases[index]!, index);
        if (problem !== null) wrong.push(`case ${index}: ${problem}: ${JSON.stringify(canvases[index])}`);
      }
    }
    await Promise.all(Array.from({ length: underway }, runOn));
    const failing = [...expected.keys()].filter((index) => !expected[index]!.isSuccess);
    wrong.push(...(await wronglyTold(world, failing)));
    return { cases, nodes: canvases.reduce((sum, canvas) => sum + nodesOf(canvas), 0), failing: failing.length, wrong };
  } finally {
    await world.dispose();
  }
}

function startWorker(world: FaultWorld, number: number) {
  return world.startWorker({ options: { pool: "prefork", concurrency: 2, hostname: `canvas${number}@here` } });
}

async function problemOf({ client }: FaultWorld, canvas: Canvas, index: number): Promise<string | null> {
  const expected = expectedAtEnd(canvas);
  const sent: AsyncResult<unknown> = await buildCanvas(client, canvas, index).delay();
  const outcome = await sent.settled({ timeout: "50s" }).catch((error: unknown) => ({ state: "NEVER", error }) as const);
  return agrees(outcome, expected) ? null : `${JSON.stringify(outcome)} instead of ${JSON.stringify(expected)}`;
}

function agrees(outcome: Outcome<unknown> | { readonly state: "NEVER" }, expected: ReturnType<typeof expectedAtEnd>): boolean {
  if (!expected.isSuccess) return outcome.state === "FAILURE";
  return outcome.state === "SUCCESS" && isDeepStrictEqual(outcome.value, expected.value);
}

/** Each case that fails has one error callback, which a crash may have run again; the others have none. */
async function wronglyTold(world: FaultWorld, failing: readonly number[]): Promise<readonly string[]> {
  const told = () => {
    const ids = new Map<number, Set<string>>();
    for (const { what, n, id } of world.ledger()) if (what === "told") ids.set(n, (ids.get(n) ?? new Set()).add(id));
    return ids;
  };
  await eventually(() => failing.every((index) => told().has(index)), { withinMs: 20_000 }).catch(() => {});
  const ids = told();
  const numbers = new Set([...failing, ...ids.keys()]);
  return [...numbers].flatMap((index) => {
    const [found, wanted] = [ids.get(index)?.size ?? 0, failing.includes(index) ? 1 : 0];
    return found === wanted ? [] : [`case ${index}: ${found} error callbacks instead of ${wanted}`];
  });
}
