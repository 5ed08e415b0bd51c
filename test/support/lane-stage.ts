/** Lanes over scripted links, for tests of a pool's side without any process or thread. */

import type { Ending, Run } from "../../packages/core/src/run.ts";
import { Dispatcher } from "../../packages/worker/src/pools/dispatcher.ts";
import { HeldRun, type RunOwner } from "../../packages/worker/src/pools/held-run.ts";
import { Lane } from "../../packages/worker/src/pools/lane.ts";
import { LaneWatch } from "../../packages/worker/src/pools/lane-watch.ts";
import type { EndCause } from "../../packages/worker/src/pools/lost-run.ts";
import { scriptedRun } from "./executor-pool.ts";
import { createFakeClock } from "./fake-clock.ts";
import { type ScriptedLink, scriptedLinks } from "./scripted-link.ts";

export const ok: Ending = { kind: "succeeded", value: "null", children: [], publish: [] };
/** until what was scheduled for the end of this turn is done */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lanes over scripted links, with everything they tell. */
export function laneStage({ lanes: count = 1, slots = 1, pings = true } = {}) {
  const clock = createFakeClock();
  const { links, openLink } = scriptedLinks();
  const lanes = new Set<Lane>();
  const told = {
    began: [] as string[],
    ended: [] as { readonly id: string; readonly ending: Ending }[],
    back: [] as string[],
    logs: [] as { readonly id: string | null; readonly message: string }[],
    gone: [] as EndCause[],
    spares: 0,
  };
  const runs: RunOwner = {
    began: (held) => void told.began.push(held.run.id),
    updateState: () => {},
    log: (held, _level, message) => void told.logs.push({ id: held?.run.id ?? null, message }),
    ended: (held, ending) => void told.ended.push({ id: held.run.id, ending }),
    handedBack: (back) => void told.back.push(...back.map(({ run }) => run.id)),
    received: () => {},
  };
  const owner = {
    laneReady: () => {},
    laneGone(lane: Lane, cause: EndCause) {
      lanes.delete(lane);
      told.gone.push(cause);
    },
  };
  const source = { moduleUrl: "file:///none", appName: null };
  const init = { source, slots, executeModule: "", executeExport: "", worker: "w", logLevel: "info" } as const;
  const add = (isForSuspects = false): [Lane, ScriptedLink] => {
    const lane = new Lane({ openLink, init, clock, runs, owner, isForSuspects });
    lanes.add(lane);
    return [lane, links.at(-1) as ScriptedLink];
  };
  for (let index = 0; index < count; index++) add()[1].ready();
  const watch = new LaneWatch({ clock, lanes, pings });
  const dispatcher = new Dispatcher(lanes, slots === 1 ? null : () => void told.spares++);
  return { clock, links, lanes, told, watch, dispatcher, add, lane: [...lanes][0] as Lane, link: links[0] as ScriptedLink };
}

export function heldRun(id: string, changes: Partial<Run> = {}, ms: number | null = 0.01): HeldRun & { readonly endings: Ending[] } {
  const endings: Ending[] = [];
  return Object.assign(new HeldRun(scriptedRun({ do: "where" }, { id, ...changes }), { ms }, (ending) => void endings.push(ending)), {
    endings,
  });
}
