/** Patterns with gaps, as topic exchanges have them: met in (places × items) steps at most, for a pattern may be anybody's, and a regular expression may never end. */

/** Any number of items, or none. */
export const gap = Symbol("gap");
/** What a pattern has in one place: a gap, this very item, or one that fits. */
export type Place = typeof gap | string | ((item: string) => boolean);

/** `items`: words, or the signs of a text. */
export function meets(pattern: readonly Place[], items: ArrayLike<string>): boolean {
  let next = 0;
  let place = 0;
  // The last gap, and the first item behind those that it stands for now: an earlier one need never stand for more.
  let gapAt = -1;
  let gapEnd = 0;
  while (next < items.length) {
    const wanted = pattern[place];
    if (wanted === gap) {
      gapAt = place++;
      gapEnd = next;
    } else if (wanted !== undefined && fits(wanted, items[next]!)) {
      next++;
      place++;
    } else if (gapAt >= 0) {
      next = ++gapEnd;
      place = gapAt + 1;
    } else return false;
  }
  while (pattern[place] === gap) place++;
  return place === pattern.length;
}

function fits(wanted: Exclude<Place, typeof gap>, item: string): boolean {
  return typeof wanted === "string" ? wanted === item : wanted(item);
}
