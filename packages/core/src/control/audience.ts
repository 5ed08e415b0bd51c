/** Which workers a command of remote control is meant for: kombu's rules for destination, pattern and matcher. */
import { gap, meets, type Place } from "../wildcards.ts";
import type { Audience } from "./pidbox.ts";

/** Longer ones fit no node. */
const longestPattern = 255;

/** What cannot be read fits no node. */
export function isMeant({ destination, pattern, matcher }: Audience, hostname: string): boolean {
  if (destination !== null && destination.length > 0) return destination.includes(hostname);
  if (pattern === null) return true;
  if (pattern.length > longestPattern) return false;
  return matcher === "pcre" ? fitsExpression(pattern, hostname) : meets(globPlaces(pattern), hostname);
}

/** Whoever may send commands may as well stop the worker, so an expression that never ends is no way in. */
function fitsExpression(pattern: string, hostname: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})`, "u").test(hostname);
  } catch {
    return false;
  }
}

/** As Python's fnmatch reads it: * any signs, ? one, [ab] and [!ab] one of a set. */
export function globPlaces(pattern: string): readonly Place[] {
  const places: Place[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at]!;
    const end = sign === "[" ? pattern.indexOf("]", at + (pattern[at + 1] === "!" ? 3 : 2)) : -1;
    if (sign === "*") places.push(gap);
    else if (sign === "?") places.push(() => true);
    else if (end >= 0) {
      places.push(oneOf(pattern.slice(at + 1, end)));
      at = end;
    } else places.push(sign);
  }
  return places;
}

function oneOf(set: string): (sign: string) => boolean {
  const isExcluding = set.startsWith("!");
  const signs = isExcluding ? set.slice(1) : set;
  return (sign) => within(sign, signs) !== isExcluding;
}

function within(sign: string, signs: string): boolean {
  for (let at = 0; at < signs.length; at++) {
    const last = signs[at + 1] === "-" ? signs[at + 2] : undefined;
    if (last === undefined) {
      if (signs[at] === sign) return true;
    } else {
      if (sign >= signs[at]! && sign <= last) return true;
      at += 2;
    }
  }
  return false;
}
