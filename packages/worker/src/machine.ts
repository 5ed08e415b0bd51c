/** How much of the machine is ours: cores and memory, less where a container (cgroup) allows less. What a worker's default size follows. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { heapOptionGiven } from "@celeriac/core/runtime";

export interface Machine {
  /** that may be kept busy; 1 or more */
  readonly cores: number;
  /** bytes to divide among the processes of a worker; null = no limit, or Node was told itself how large a heap may be */
  readonly memory: number | null;
}

export interface ContainerLimits {
  /** may be a fraction; null = no quota */
  readonly cpus: number | null;
  /** bytes; null = no limit */
  readonly memory: number | null;
}

/** The text of a file, null where there is none. */
export type ReadText = (path: string) => string | null;

const megabyte = 1 << 20;
/** What the process of the worker itself is given at most: it only passes tasks on. */
const mostForParent = 256 * megabyte;
/** Of a child's memory: the rest is for what V8 keeps beside its old space, for buffers and code. */
const heapShare = 0.75;
/** With less no app is loaded. */
const leastHeapMb = 64;
/** cgroup v1 writes the largest page-aligned number for no limit. */
const noLimit = 2 ** 60;

export function thisMachine(): Machine {
  const { cpus, memory } = containerLimits(readText);
  return { cores: usableCores(cpus, availableParallelism()), memory: heapOptionGiven() ? null : memory };
}

/** Of a quota with a fraction the fraction is left to the worker's own process. */
export function usableCores(cpus: number | null, cores: number): number {
  return Math.max(1, Math.floor(Math.min(cpus ?? cores, cores)));
}

/** MB, for `--max-old-space-size`: of each of `children` processes beside their parent. */
export function childHeapMb(memory: number, children: number): number {
  const parent = Math.min(mostForParent, memory / (children + 1));
  return Math.max(leastHeapMb, Math.floor((((memory - parent) / children) * heapShare) / megabyte));
}

/** The least of what our cgroup and those around it allow, v2 or v1. What is not visible, as a container's own path is not in it, counts for nothing. */
export function containerLimits(read: ReadText): ContainerLimits {
  const paths = cgroupPaths(read("/proc/self/cgroup") ?? "");
  const v2 = folders("/sys/fs/cgroup", paths.get("") ?? "/");
  const cpu = folders("/sys/fs/cgroup/cpu", paths.get("cpu") ?? "/");
  const memory = folders("/sys/fs/cgroup/memory", paths.get("memory") ?? "/");
  return {
    cpus: least([
      ...v2.map((folder) => quotaV2(read(`${folder}/cpu.max`))),
      ...cpu.map((folder) => quotient(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`))),
    ]),
    memory: least([
      ...v2.map((folder) => positive(read(`${folder}/memory.max`))),
      ...memory.map((folder) => positive(read(`${folder}/memory.limit_in_bytes`))),
    ]),
  };
}

/** controller → path; of v2, which has one path for all, the controller is "". Lines are `<number>:<controllers>:<path>`. */
function cgroupPaths(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path !== undefined) for (const controller of controllers!.split(",")) paths.set(controller, path);
  }
  return paths;
}

/** Of a cgroup and all around it, up to the root. */
function folders(root: string, path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  return [root, ...names.map((_, at) => `${root}/${names.slice(0, at + 1).join("/")}`)];
}

/** `<quota> <period>`; the quota may be `max`. */
function quotaV2(text: string | null): number | null {
  const [quota = null, period = null] = text?.trim().split(" ") ?? [];
  return quotient(quota, period);
}

function quotient(quota: string | null, period: string | null): number | null {
  const [time, every] = [positive(quota), positive(period)];
  return time === null || every === null ? null : time / every;
}

/** null for `max`, -1, and what is as good as no limit. */
function positive(text: string | null): number | null {
  const value = Number(text);
  return value > 0 && value < noLimit ? value : null;
}

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // No such cgroup, or no Linux.
    return null;
  }
}
