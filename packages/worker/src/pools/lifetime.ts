/** How long a child process of a pool lives: until it has run so many tasks, or has grown so large. Then it is replaced. */

export interface Lifetime {
  /** null = any number */
  readonly tasks: number | null;
  /** resident memory; null = any size */
  readonly memoryKb: number | null;
}

/** Why it is over, null while it is not: to be asked when a run begins; it is its last one then. `begun`: how many have, this one included. */
export function overByTasks({ tasks }: Lifetime, begun: number): string | null {
  return tasks !== null && begun >= tasks ? `it has run ${begun} task${begun === 1 ? "" : "s"}` : null;
}

/** To be asked when a run has ended: it asks the system, which takes some microseconds. */
export function overByMemory({ memoryKb }: Lifetime): string | null {
  if (memoryKb === null) return null;
  const usedKb = Math.round(process.memoryUsage.rss() / 1_024);
  return usedKb > memoryKb ? `it holds ${usedKb} KB, more than ${memoryKb}` : null;
}
