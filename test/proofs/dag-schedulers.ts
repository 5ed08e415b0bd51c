/** Schedulers of DAGs on one PostgreSQL, killed at random: what becomes of their task instances, of pools, and of the order of weights. */
import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import type { DagStore } from "../../packages/airflow-bridge/src/dag/store/store.ts";
import { sourceArguments } from "../support/celeriac-command.ts";
import { runRecord } from "../support/dag/model.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { type PrivateProcess, startPrivateProcess, temporaryDirectory } from "../support/private-process.ts";
import { aside, exactly, type Figure, type Proof } from "./figure.ts";
import { dagsOfProof, heapTasks, meshTasks, narrowPool, openPool, openProofStore, tables } from "./programs/dag-world.ts";

const instances = 10_000;
const heapRuns = 20;
const meshRuns = (instances - heapRuns * heapTasks) / meshTasks;
const schedulers = 3;
const workers = 2;
const lanes = 8;
const killEveryMs = [1_000, 4_000] as const;
const limitMs = 20 * 60_000;

export const dagSchedulers: Proof = {
  name: "dag-schedulers",
  how: `PostgreSQL, ${schedulers} schedulers, ${workers} workers that run ${lanes} instances each. ${meshRuns} runs of a DAG of ${meshTasks} tasks in layers and ${heapRuns} of one with ${heapTasks} tasks of all weights in a pool of ${narrowPool.slots} slots: ${instances.toLocaleString("en")} task instances of 2 to 12 ms, without retries. Every ${killEveryMs[0] / 1_000} to ${killEveryMs[1] / 1_000} s one of the schedulers, whichever, is killed (SIGKILL) and another is started; one that is silent for 1.5 s counts as dead. Each worker writes down what it runs, and a trigger of the database every change of a state: order, pools and overlaps are read from that.`,
  async run(tell) {
    const server = await startPostgres();
    const folder = temporaryDirectory("dag-schedulers");
    const url = await server.database("dags");
    const store = await openProofStore(url);
    const pool = openPool(url);
    const start = startIn(folder.path, url);
    const running: PrivateProcess[] = [];
    try {
      await prepare(store, pool);
      for (let n = 0; n < workers; n += 1) running.push(start("dag-worker", lanes));
      const since = performance.now();
      const kills = await killSchedulers(() => start("dag-scheduler", 16), pool, tell);
      tell(`over after ${Math.round((performance.now() - since) / 1_000)} s and ${kills} kills`);
      return [
        ...(await figures(pool)),
        aside("schedulers killed", [kills], ""),
        aside("task instances a second", [Math.round(instances / ((performance.now() - since) / 1_000))], ""),
      ];
    } finally {
      await Promise.all(running.map((one) => one.stop()));
      await store.close();
      await pool.end();
      await server.stop();
      folder.remove();
    }
  },
};

function startIn(cwd: string, url: string): (program: string, count: number) => PrivateProcess {
  return (program, count) => {
    const path = fileURLToPath(new URL(`./programs/${program}.ts`, import.meta.url));
    return startPrivateProcess({ command: process.execPath, args: [...sourceArguments, path, url, String(count)], cwd });
  };
}

async function prepare(store: DagStore, pool: pg.Pool): Promise<void> {
  const runs = { mesh: meshRuns, heap: heapRuns };
  await store.write(async (all) => {
    await all.pools.put(narrowPool);
    for (const { id, maxActiveRuns } of dagsOfProof(undefined)) {
      await all.dags.putAll([{ dagId: id, maxActiveRuns, shape: "{}", seenAt: 0 }]);
      for (let n = 0; n < runs[id as keyof typeof runs]; n += 1) {
        await all.runs.add(runRecord({ dagId: id, runId: `manual__${n}`, logicalDate: n, state: "queued", startedAt: null, lookAt: null }));
      }
    }
  });
  await pool.query(tables);
}

/** How many were killed until all runs were over. */
async function killSchedulers(start: () => PrivateProcess, pool: pg.Pool, tell: (line: string) => void): Promise<number> {
  const alive = Array.from({ length: schedulers }, start);
  const until = performance.now() + limitMs;
  let kills = 0;
  try {
    for (;;) {
      await pause(randomInt(...killEveryMs));
      const { rows } = await pool.query("select count(*) as open from celeriac_dag_run where state in ('queued', 'running')");
      const open = Number(rows[0].open);
      if (open === 0) return kills;
      if (performance.now() > until) throw new Error(`${open} runs were not over after ${limitMs / 60_000} minutes`);
      const victim = randomInt(schedulers);
      // One that has not begun yet would die of nothing.
      if (!alive[victim]!.output().includes("ready")) continue;
      await alive[victim]!.stop({ signal: "SIGKILL" });
      const end = await alive[victim]!.ended;
      if (end !== "SIGKILL") throw new Error(`a scheduler ended by itself with ${end}:\n${alive[victim]!.output()}`);
      alive[victim] = start();
      kills += 1;
      if (kills % 10 === 0) tell(`${kills} kills, ${open} runs to go`);
    }
  } finally {
    await Promise.all(alive.map((one) => one.stop({ signal: "SIGKILL" })));
  }
}

interface Change {
  readonly place: string;
  readonly run: string;
  readonly pool: string;
  readonly slots: number;
  readonly weight: number;
  readonly before: string;
  readonly after: string;
}

async function figures(pool: pg.Pool): Promise<readonly Figure[]> {
  const one = async (sql: string) => Number((await pool.query(sql)).rows[0].n);
  const trail = (
    await pool.query(
      `select concat_ws(' ', dag_id, run_id, task_id) as place, concat_ws(' ', dag_id, run_id) as run, pool, slots::int, weight::int, before, after from trail order by id`,
    )
  ).rows as readonly Change[];
  const twice = await one(
    `select count(*) as n from ledger a join ledger b using (dag_id, run_id, task_id) where a.ctid < b.ctid and a.begun_at <= b.ended_at and b.begun_at <= a.ended_at`,
  );
  const ended = "select count(*) as n from celeriac_dag_instance where state = 'success'";
  return [
    exactly("task instances that ended well", await one(ended), instances),
    exactly("runs of their code", await one("select count(*) as n from ledger where ended_at is not null"), instances),
    exactly("instances that ran twice at a time", twice, 0),
    exactly(`most slots of the pool of ${narrowPool.slots} that were taken`, mostTaken(trail, narrowPool.name), narrowPool.slots),
    exactly("instances that were queued before a heavier one of their run and pool", overtakings(trail), 0),
    aside(
      "instances that another scheduler took over, and queued again",
      [trail.filter(({ before, after }) => before === "queued" && after === "scheduled").length],
      "",
    ),
  ];
}

function mostTaken(trail: readonly Change[], pool: string): number {
  const holds = (state: string) => state === "queued" || state === "running";
  let [taken, most] = [0, 0];
  for (const change of trail) {
    if (change.pool !== pool) continue;
    taken += change.slots * (Number(holds(change.after)) - Number(holds(change.before)));
    most = Math.max(most, taken);
  }
  return most;
}

/** In the heap all of a run are scheduled at once, so that each is queued for the first time after all heavier ones. */
function overtakings(trail: readonly Change[]): number {
  const lightest = new Map<string, number>();
  const seen = new Set<string>();
  let count = 0;
  for (const { place, run, pool, weight, after } of trail) {
    if (pool !== narrowPool.name || after !== "queued" || seen.has(place)) continue;
    seen.add(place);
    if (weight > (lightest.get(run) ?? weight)) count += 1;
    lightest.set(run, weight);
  }
  return count;
}
