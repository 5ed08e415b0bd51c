/** A signature in one line, for lists: the names of its tasks, as they come one behind the other. */
import type { SignatureJson } from "../step.ts";
import { bodyOf, headerOf, kindOf, tasksOf } from "./composite.ts";

/** `a | group(b, c ×3) | d`; a task alone is its name. */
export function outlineOf(signature: SignatureJson): string {
  switch (kindOf(signature)) {
    case null:
      return signature.task;
    case "chain":
      return tasksOf(signature).map(outlineOf).join(" | ");
    case "group":
      return `group(${alikeTogether(tasksOf(signature).map(outlineOf)).join(", ")})`;
    case "chord":
      return `${outlineOf(headerOf(signature))} | ${outlineOf(bodyOf(signature))}`;
  }
}

function alikeTogether(texts: readonly string[]): readonly string[] {
  const runs: { readonly text: string; count: number }[] = [];
  for (const text of texts) {
    const last = runs.at(-1);
    if (last?.text === text) last.count++;
    else runs.push({ text, count: 1 });
  }
  return runs.map(({ text, count }) => (count === 1 ? text : `${text} ×${count}`));
}
