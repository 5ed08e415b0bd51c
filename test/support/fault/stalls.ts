/** Workers that stand still without being dead, for as long as the caller likes. Each case tells what was seen; whoever asked judges it. */
import { setTimeout as pause } from "node:timers/promises";
import type { WorkerOptions } from "@celeriac/worker";
import { eventually } from "../eventually.ts";
import type { FaultWorld, LedgerLine } from "./world.ts";

type Counts = Readonly<Record<string, number>>;
type What = LedgerLine["what"];

/** Beyond the stall itself: what a loaded machine may take to start workers, find the dead and run the tasks. */
const patience = { withinMs: 90_000 };
const taskMs = 2_000;

export interface TakeOver {
  /** results of the tasks and of what followed them: when the heir was done, and when the frozen worker had gone on and stopped */
  readonly resultsBefore: readonly string[];
  readonly resultsAfter: readonly string[];
  /** runs of follow-ups, at the same moments */
  readonly followUpsBefore: number;
  readonly followUpsAfter: number;
  readonly frozen: Counts;
  readonly heir: Counts;
}

/** A worker is stopped in the middle of `tasks` tasks for `stallMs` at least, until another one has done them; then it goes on. */
export async function takeOverFrozen(
  world: FaultWorld,
  { tasks, stallMs, pool }: { readonly tasks: number; readonly stallMs: number; readonly pool: "threads" | "prefork" },
): Promise<TakeOver> {
  const { mark, after } = world.client;
  const options: WorkerOptions = { pool, concurrency: tasks };
  const frozen = await world.startWorker({ options: { ...options, hostname: "frozen@here" } });
  const sent = await Promise.all(Array.from({ length: tasks }, (_, n) => mark.applyAsync([n, taskMs], { link: after.s() })));
  await eventually(() => linesOf(world, "begin").length === tasks);
  frozen.process.kill("SIGSTOP");
  const stall = pause(stallMs);

  const heir = await world.startWorker({ options: { ...options, hostname: "heir@here" } });
  await Promise.all(sent.map((result) => result.get({ timeout: "90s" })));
  const followUps = (await Promise.all(sent.map((result) => result.children()))).flat();
  await Promise.all(followUps.map((result) => result.get({ timeout: "90s" })));
  const results = () => Promise.all([...sent, ...followUps].map(async (result) => JSON.stringify(await result.snapshot())));
  await stall;
  const [resultsBefore, followUpsBefore] = [await results(), linesOf(world, "after").length];

  frozen.process.kill("SIGCONT");
  await eventually(() => frozen.log().split('"task-lost"').length > tasks, patience);
  const frozenCounts = await frozen.stop();
  return {
    resultsBefore,
    followUpsBefore,
    resultsAfter: await results(),
    followUpsAfter: linesOf(world, "after").length,
    frozen: frozenCounts,
    heir: await heir.stop(),
  };
}

export interface BlockedLoop {
  readonly value: number;
  /** what was noted of the task, in order */
  readonly ran: readonly What[];
  readonly idle: Counts;
}

/** A task of an `async` pool computes for `stallMs` without giving its event loop a turn, while an idle worker is on the same queue. */
export async function blockEventLoop(world: FaultWorld, { stallMs }: { readonly stallMs: number }): Promise<BlockedLoop> {
  const options: WorkerOptions = { pool: "async", concurrency: 10 };
  const busy = await world.startWorker({ options: { ...options, hostname: "busy@here" } });
  const sent = await world.client.block.delay(1, stallMs);
  await eventually(() => linesOf(world, "begin").length === 1);
  const idle = await world.startWorker({ options: { ...options, hostname: "idle@here" } });
  const value = await sent.get({ timeout: stallMs / 1_000 + 60 });
  const counts = await idle.stop();
  await busy.stop();
  return { value, ran: world.ledger().map(({ what }) => what), idle: counts };
}

export interface KeptClaim {
  readonly value: number;
  /** what was noted of the frozen worker's task, in order */
  readonly ran: readonly What[];
  /** how many tasks the other worker did meanwhile, one after another */
  readonly passed: number;
  readonly frozen: Counts;
}

/** A worker is stopped in the middle of a task for `stallMs`; another one does the tasks that come meanwhile. */
export async function freezeHolder(world: FaultWorld, { stallMs }: { readonly stallMs: number }): Promise<KeptClaim> {
  const { mark } = world.client;
  const options: WorkerOptions = { pool: "threads", concurrency: 1 };
  const frozen = await world.startWorker({ options: { ...options, hostname: "frozen@here" } });
  const held = await mark.delay(0, 1_000);
  await eventually(() => linesOf(world, "begin").length === 1);
  frozen.process.kill("SIGSTOP");

  const other = await world.startWorker({ options: { ...options, hostname: "other@here" } });
  // From when somebody is there who could take its claim.
  const until = performance.now() + stallMs;
  let passed = 0;
  while (performance.now() < until) {
    await mark.delay(passed + 1, taskMs).get({ timeout: "60s" });
    passed++;
  }
  frozen.process.kill("SIGCONT");
  const value = await held.get({ timeout: "60s" });
  const [counts] = await Promise.all([frozen.stop(), other.stop()]);
  return {
    value,
    ran: world
      .ledger()
      .filter(({ n }) => n === 0)
      .map(({ what }) => what),
    passed,
    frozen: counts,
  };
}

function linesOf(world: FaultWorld, kind: What): readonly LedgerLine[] {
  return world.ledger().filter(({ what }) => what === kind);
}
