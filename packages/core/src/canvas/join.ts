/**
 * Puts steps one behind the other, as Celery's `|` does: chains melt into one, a group that something follows becomes the header of a chord, and
 * what follows a chord goes on behind its body.
 */
import type { SignatureJson } from "../step.ts";
import { bodyOf, chainJson, chordJson, kindOf, linksOf, placeOptions, sendingOptions, tasksOf, withParts } from "./composite.ts";
import { withArguments, withCallbacks, withErrbacks, withSending } from "./reach.ts";

/** How a group and what follows it become one. */
export type ChordMaker = (group: SignatureJson, body: SignatureJson) => SignatureJson;

const accumulate: SignatureJson = Object.freeze({
  ...{ task: "celery.accumulate", args: [], kwargs: { index: 0 }, options: {}, subtask_type: null, immutable: false },
});

/**
 * A chord each of whose members ends in one task: a member that ends in a group becomes a chord that gives the group's results as one. So results nest
 * as types say, a chord's size is the number of its members, and no group inside can be taken for the header.
 */
export const nestedChord: ChordMaker = (group, body) => {
  const members = tasksOf(group).map(endingInOne);
  const isPlain = Object.keys(group.options ?? {}).length === 0;
  return chordJson(isPlain ? members : withParts(group, { tasks: members }), body);
};

/** The same, or a chord that gives the results of the group in which it ends as one. */
export function endingInOne(signature: SignatureJson): SignatureJson {
  return endsInGroup(signature) ? joined([signature, accumulate], nestedChord) : signature;
}

export function endsInGroup(signature: SignatureJson): boolean {
  switch (kindOf(signature)) {
    case null:
      return false;
    case "group":
      return true;
    case "chord":
      return endsInGroup(bodyOf(signature));
    case "chain": {
      const last = tasksOf(signature).at(-1);
      return last !== undefined && endsInGroup(last);
    }
  }
}

/** One signature for all; of one step, that step. */
export function joined(steps: readonly SignatureJson[], chord: ChordMaker = chordJson): SignatureJson {
  const all = stepsInLine(steps, chord);
  return all.length === 1 ? all[0]! : chainJson(all);
}

/** The steps in order: none is a chain, and only the last may be a group or a chord. */
export function stepsInLine(steps: readonly SignatureJson[], chord: ChordMaker = chordJson): readonly SignatureJson[] {
  const flat = steps.flatMap(stepsOf);
  const barrier = flat.findIndex((step, index) => index < flat.length - 1 && kindOf(step) !== null);
  if (barrier < 0) return flat;
  const rest = flat.slice(barrier + 1);
  return [...flat.slice(0, barrier), followedBy(flat[barrier]!, rest, chord)];
}

function followedBy(step: SignatureJson, rest: readonly SignatureJson[], chord: ChordMaker): SignatureJson {
  if (kindOf(step) === "group") return chord(step, joined(rest, chord));
  return withParts(step, { body: joined([bodyOf(step), ...rest], chord) });
}

/** The steps of a chain, told what was said of the chain; anything else is one step. */
function stepsOf(signature: SignatureJson): readonly SignatureJson[] {
  if (kindOf(signature) !== "chain") return [signature];
  const { args, options } = signature;
  const steps = tasksOf(signature).flatMap(stepsOf);
  if (steps.length === 0) return steps;
  const { link, link_error, ...others } = options ?? {};
  const told = steps.map((step) => withErrbacks(step, linksOf({ link_error }, "link_error")));
  const last = told.length - 1;
  told[last] = withCallbacks(told[last]!, linksOf({ link }, "link"));
  const ofLast = Object.fromEntries(Object.entries(others).filter(([name]) => placeOptions.has(name)));
  told[last] = { ...told[last], options: { ...ofLast, ...told[last]!.options } };
  told[0] = withSending(withArguments(told[0]!, args ?? [], {}), sendingOptions(others));
  return told;
}
