/** Circles among things that wait for each other. */

/** The way from `from` back to itself, both ends included, the shortest there is; null: there is none. */
export function circleIn<Thing>(nextOf: (thing: Thing) => Iterable<Thing>, from: Thing): readonly Thing[] | null {
  const cameFrom = new Map<Thing, Thing>();
  const reached = [from];
  // Grows while it is walked.
  for (const here of reached) {
    for (const next of nextOf(here)) {
      if (next === from) return [...wayTo(here, cameFrom), from];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, here);
      reached.push(next);
    }
  }
  return null;
}

function wayTo<Thing>(end: Thing, cameFrom: ReadonlyMap<Thing, Thing>): readonly Thing[] {
  const way = [end];
  for (let at = cameFrom.get(end); at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way;
}
