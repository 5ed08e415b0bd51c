/** Is it healthy? One answer for all who ask, put together anew no more than once in two seconds. */
import { createFresh } from "@celeriac/core/runtime";
import type { Overview, QueueRow } from "../../../shared/contract.ts";
import type { TypeSummary } from "../../history/history.ts";
import type { MonitorParts } from "../../parts.ts";
import { bannersOf } from "../../present/banners.ts";
import { seriesPoints } from "../../present/series.ts";
import { workerRow } from "../../present/worker-row.ts";

type Parts = Pick<MonitorParts, "history" | "cluster" | "ear" | "security" | "options" | "clock">;

const freshMs = 2_000;
const minute = 60;
const hour = 3_600;
const rateSeconds = 300;
const mostFailing = 10;
const answerLimitMs = 1_000;

/** The same for all who ask of one monitor within two seconds. A broker that is away fails nobody: queues are those that were last known. */
export function createOverview(parts: Parts): () => Promise<Overview> {
  const startedAt = parts.clock.now() / 1_000;
  const fresh = createFresh(parts.clock, freshMs, () => compose(parts, startedAt));
  return () => fresh.get();
}

async function compose(parts: Parts, startedAt: number): Promise<Overview> {
  const { history, clock } = parts;
  const now = clock.now() / 1_000;
  const to = Math.ceil(now / minute) * minute;
  const facts = await history.facts();
  // Of a history that cannot be read the page tells why, in a banner.
  const known = <T>(asked: Promise<readonly T[]>) => (facts.trouble === null ? asked : asked.catch((): readonly T[] => []));
  const [workers, slices, types, queues] = await Promise.all([
    known(history.workers()),
    known(history.series({ from: to - hour, to, step: minute })),
    known(history.types({ from: to - hour, to })),
    queueRows(parts),
  ]);
  const rows = workers.map((worker) => workerRow(worker, parts.cluster.inspection.workers.get(worker.hostname)));
  const online = rows.filter((row) => row.online);
  const slots = online.map((row) => row.slots).filter((each) => each !== null);
  const points = seriesPoints(slices, minute);
  // The last minute has not ended: what is counted in it belongs to as much of it as is over.
  const recent = points.filter(({ at }) => at >= to - rateSeconds);
  const ended = (of: readonly { readonly succeeded: number; readonly failed: number }[]) =>
    of.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0);
  const recentEnded = ended(recent);
  return {
    workers: {
      online: online.length,
      offline: rows.length - online.length,
      active: online.reduce((sum, { active }) => sum + active, 0),
      slots: slots.length === 0 ? null : slots.reduce((sum, each) => sum + each, 0),
    },
    throughput: recentEnded / (rateSeconds - (to - now)),
    failureRate: recentEnded === 0 ? null : recent.reduce((sum, { failed }) => sum + failed, 0) / recentEnded,
    queues,
    series: { step: minute, points },
    failing: await known(Promise.all(mostFailed(types).map((type) => failing(parts, type)))),
    banners: bannersOf({
      history: facts,
      posture: parts.security.posture,
      isPersistent: parts.options.persistent !== false,
      awaySince: parts.ear.awaySince,
      heardAt: parts.ear.heardAt,
      startedAt,
      now,
    }),
  };
}

function mostFailed(types: readonly TypeSummary[]): readonly TypeSummary[] {
  return types
    .filter(({ failed }) => failed > 0)
    .sort((one, other) => other.failed - one.failed)
    .slice(0, mostFailing);
}

async function failing({ history }: Parts, { name, failed, succeeded }: TypeSummary): Promise<Overview["failing"][number]> {
  const { tasks } = await history.tasks({ states: ["FAILURE"], name, sort: "timestamp", descending: true, limit: 1, from: 0 });
  return { name, failed, ended: succeeded + failed, lastException: tasks[0]?.exception ?? null };
}

/** What the broker says now, or said last, where it does not answer in time; a banner says that it is away. */
export async function queueRows({
  cluster: { queues },
  ear,
  clock,
}: Pick<Parts, "cluster" | "ear" | "clock">): Promise<readonly QueueRow[]> {
  const last = () => queues.last;
  const known = ear.awaySince !== null ? last() : await Promise.race([queues.queues().catch(last), clock.sleep(answerLimitMs).then(last)]);
  return (known ?? []).map(({ name, length, oldestMs, consumers, paused }) => ({
    name,
    messages: length,
    oldest: oldestMs === null ? null : oldestMs / 1_000,
    consumers,
    paused,
  }));
}
