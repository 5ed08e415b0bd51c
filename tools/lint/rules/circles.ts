/** No file reaches itself by imports, those of types included. */
import type { Project } from "../project.ts";
import type { Rule } from "../rule.ts";

export const circles: Rule = {
  name: "circles",
  *check(project) {
    const lineOf = new Map(project.files.map((file) => [file.path, file]));
    for (const circle of circlesIn(project)) {
      const [path, next] = [circle[0]!, circle[1] ?? circle[0]!];
      const line = lineOf.get(path)?.imports.find(({ target }) => target === next)?.line ?? 1;
      yield { path, line, message: `import circle: ${[...circle, path].join(" → ")}` };
    }
  },
};

/** One circle per knot of files that reach each other, each as the shortest way from its first file back to it. */
function circlesIn(project: Project): readonly (readonly string[])[] {
  const edges = new Map(project.files.map((file) => [file.path, file.imports.flatMap(({ target }) => target ?? [])]));
  const reported = new Set<string>();
  const found: string[][] = [];
  for (const start of edges.keys()) {
    if (reported.has(start)) continue;
    const circle = wayBack(start, edges);
    if (circle === null) continue;
    for (const path of circle) reported.add(path);
    found.push(circle);
  }
  return found;
}

/** Breadth first from `start` to itself; null when it cannot be reached. */
function wayBack(start: string, edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue)
    for (const next of edges.get(path) ?? []) {
      if (next === start) return unwind(path, start, cameFrom);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, path);
      queue.push(next);
    }
  return null;
}

function unwind(last: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [last];
  while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!);
  return way;
}
