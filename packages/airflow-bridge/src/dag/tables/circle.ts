/** Circles among things that wait for each other. */

/** The way from `from` back to itself, both ends included, the shortest there is; null: there is none. */
export function circleIn(waitsFor: ReadonlyMap<string, readonly string[]>, from: string): readonly string[] | null {
  const cameFrom = new Map<string, string>();
  const reached = [from];
  // Grows while it is walked.
  for (const here of reached) {
    for (const next of waitsFor.get(here) ?? []) {
      if (next === from) return [...wayTo(here, cameFrom), from];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, here);
      reached.push(next);
    }
  }
  return null;
}

function wayTo(end: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [end];
  for (let at = cameFrom.get(end); at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way;
}
