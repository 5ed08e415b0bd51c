/** What executors do now, for people: the answer to SIGUSR1. */
import type { ExecutorStack } from "./pool.ts";

/** The lines of a stack, or one that says why there are none. */
export function stackLines({ runs, stack }: ExecutorStack): readonly string[] {
  if (stack === null) return ["[not told]"];
  if (stack.length > 0) return stack;
  return [runs.length === 0 ? "[idle]" : "[waiting]"];
}

export function stacksText(hostname: string, stacks: readonly ExecutorStack[]): string {
  const blocks = stacks.map((executor) => {
    const runs = executor.runs.map(({ id, task, forMs }) => `  ${task} ${id}, for ${(forMs / 1_000).toFixed(1)} s`);
    return [`process ${executor.pid}`, ...runs, ...stackLines(executor).map((line) => `    ${line}`)].join("\n");
  });
  return [`${hostname}: ${stacks.length} executor${stacks.length === 1 ? "" : "s"}`, ...blocks].join("\n\n");
}
