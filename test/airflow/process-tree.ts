/** Processes and what descends from them, whatever their groups and sessions. */
import { readdirSync, readFileSync } from "node:fs";

/** The process itself is the first. */
export function familyOf(root: number): readonly number[] {
  const parents = new Map(processes().map((pid) => [pid, parentOf(pid)]));
  const family = new Set([root]);
  for (let grown = true; grown; ) {
    const size = family.size;
    for (const [pid, parent] of parents) if (parent !== null && family.has(parent)) family.add(pid);
    grown = family.size > size;
  }
  return [...family];
}

function processes(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number | null {
  const parent = /^PPid:\s+(\d+)/m.exec(readProc(pid, "status"))?.[1];
  return parent === undefined ? null : Number(parent);
}

/** "" when the process is gone. */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
