/** Processor time of processes and everything they started, read from /proc in nanoseconds. */
import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds used so far by `roots` and their living descendants. */
export function cpuMsOf(roots: readonly number[]): number {
  const parents = parentsOfAll();
  const belongs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)) if (roots.includes(at)) return true;
    return false;
  };
  let total = 0;
  for (const pid of parents.keys()) if (belongs(pid)) total += cpuMsOfOne(pid);
  return total;
}

function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOrNull(`/proc/${name}/stat`);
    // The name of the program stands in brackets and may hold anything.
    const parent = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  return parents;
}

/** The sum over its threads: schedstat counts nanoseconds, where stat counts hundredths of a second. */
function cpuMsOfOne(pid: number): number {
  let nanoseconds = 0;
  for (const thread of listOrNone(`/proc/${pid}/task`)) {
    const stat = readOrNull(`/proc/${pid}/task/${thread}/schedstat`);
    nanoseconds += Number(stat?.split(" ")[0] ?? 0);
  }
  return nanoseconds / 1e6;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended since it was listed.
    return null;
  }
}

function listOrNone(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    // It has ended since it was listed.
    return [];
  }
}
