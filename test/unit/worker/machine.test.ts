/** What a container's files say it may use, and what becomes of it. */
import { describe, expect, it } from "vitest";
import { childHeapMb, containerLimits, usableCores } from "../../../packages/worker/src/machine.ts";

const v2 = "/sys/fs/cgroup";
const service = "/system.slice/worker.service";
const docker = "/docker/0123abcd";
const v1Paths = (path: string) => `9:memory:${path}\n4:cpu,cpuacct:${path}\n1:name=systemd:${path}\n`;

describe("the limits of a container", () => {
  it.each<[string, Record<string, string>, number | null, number | null]>([
    ["none where there are no cgroups", {}, null, null],
    [
      "v2 with a namespace of its own",
      { "/proc/self/cgroup": "0::/\n", [`${v2}/cpu.max`]: "150000 100000\n", [`${v2}/memory.max`]: "536870912\n" },
      1.5,
      536_870_912,
    ],
    ["v2 without limits", { "/proc/self/cgroup": "0::/\n", [`${v2}/cpu.max`]: "max 100000\n", [`${v2}/memory.max`]: "max\n" }, null, null],
    [
      "v2, the narrowest on the way to the root",
      {
        "/proc/self/cgroup": `0::${service}\n`,
        [`${v2}/system.slice/cpu.max`]: "200000 100000\n",
        [`${v2}${service}/cpu.max`]: "25000 50000\n",
        [`${v2}/system.slice/memory.max`]: "1000000\n",
        [`${v2}${service}/memory.max`]: "2000000\n",
      },
      0.5,
      1_000_000,
    ],
    [
      "v2, a path outside of what is mounted",
      { "/proc/self/cgroup": "0::/../../kubepods/pod1\n", [`${v2}/cpu.max`]: "300000 100000\n" },
      3,
      null,
    ],
    [
      "v1 in a container, whose own cgroup is the root",
      {
        "/proc/self/cgroup": v1Paths(docker),
        [`${v2}/cpu/cpu.cfs_quota_us`]: "250000\n",
        [`${v2}/cpu/cpu.cfs_period_us`]: "100000\n",
        [`${v2}/memory/memory.limit_in_bytes`]: "268435456\n",
      },
      2.5,
      268_435_456,
    ],
    [
      "v1 seen from its host",
      {
        "/proc/self/cgroup": v1Paths(docker),
        [`${v2}/cpu/cpu.cfs_quota_us`]: "-1\n",
        [`${v2}/cpu/cpu.cfs_period_us`]: "100000\n",
        [`${v2}/cpu${docker}/cpu.cfs_quota_us`]: "100000\n",
        [`${v2}/cpu${docker}/cpu.cfs_period_us`]: "100000\n",
        [`${v2}/memory/memory.limit_in_bytes`]: "9223372036854771712\n",
        [`${v2}/memory${docker}/memory.limit_in_bytes`]: "9223372036854771712\n",
      },
      1,
      null,
    ],
    ["none where the files hold something else", { [`${v2}/cpu.max`]: "?", [`${v2}/memory.max`]: "" }, null, null],
  ])("are %s", (_what, files, cpus, memory) => {
    expect(containerLimits((path) => files[path] ?? null)).toEqual({ cpus, memory });
  });
});

it.each([
  [null, 8, 8],
  [2, 8, 2],
  [2.9, 8, 2],
  [0.5, 8, 1],
  [16, 8, 8],
])("a quota of %s on %i cores keeps %i busy", (quota, cores, usable) => {
  expect(usableCores(quota, cores)).toBe(usable);
});

it.each([
  [512, 1, 192],
  [512, 2, 128],
  [2_048, 4, 336],
  [16_384, 4, 3_024],
  [256, 8, 64],
])("%i MB for a worker and its %i children are %i MB of heap for each child", (memoryMb, children, heapMb) => {
  expect(childHeapMb(memoryMb * 2 ** 20, children)).toBe(heapMb);
});
