/** What is said of a composite is said of those of its parts whom it concerns: where it begins, where it ends, or all of them. */
import { ConfigError } from "../errors.ts";
import type { SignatureJson } from "../step.ts";
import { bodyOf, headerOf, kindOf, linksOf, type SignatureOptions, tasksOf, withOptions, withParts } from "./composite.ts";

type Change = (signature: SignatureJson) => SignatureJson;

/** The tasks that begin it. */
export function startsOf(signature: SignatureJson): readonly SignatureJson[] {
  switch (kindOf(signature)) {
    case null:
      return [signature];
    case "chain":
      return tasksOf(signature).slice(0, 1).flatMap(startsOf);
    case "group":
      return tasksOf(signature).flatMap(startsOf);
    case "chord":
      return startsOf(headerOf(signature));
  }
}

/** Changes the tasks that begin it. */
function atStarts(signature: SignatureJson, change: Change): SignatureJson {
  switch (kindOf(signature)) {
    case null:
      return change(signature);
    case "chain":
      return withParts(signature, { tasks: tasksOf(signature).map((step, index) => (index === 0 ? atStarts(step, change) : step)) });
    case "group":
      return withParts(signature, { tasks: tasksOf(signature).map((member) => atStarts(member, change)) });
    case "chord":
      return withParts(signature, { header: atStarts(headerOf(signature), change) });
  }
}

/** Changes the tasks that end it: their results are its result. */
function atEnds(signature: SignatureJson, change: Change): SignatureJson {
  switch (kindOf(signature)) {
    case null:
      return change(signature);
    case "chain": {
      const steps = tasksOf(signature);
      return withParts(signature, { tasks: steps.map((step, index) => (index === steps.length - 1 ? atEnds(step, change) : step)) });
    }
    case "group":
      return withParts(signature, { tasks: tasksOf(signature).map((member) => atEnds(member, change)) });
    case "chord":
      return withParts(signature, { body: atEnds(bodyOf(signature), change) });
  }
}

/** Changes every signature in it, the parts before what they make up; what is linked to them stays. */
export function everywhere(signature: SignatureJson, change: Change): SignatureJson {
  const changed = (part: SignatureJson) => everywhere(part, change);
  switch (kindOf(signature)) {
    case null:
      return change(signature);
    case "chain":
    case "group":
      return change(withParts(signature, { tasks: tasksOf(signature).map(changed) }));
    case "chord":
      return change(withParts(signature, { header: changed(headerOf(signature)), body: changed(bodyOf(signature)) }));
  }
}

/** Arguments given to it, in front of those it has: as a parent's result comes. What is immutable takes none. */
export function withArguments(signature: SignatureJson, args: readonly unknown[], kwargs: SignatureJson["kwargs"]): SignatureJson {
  if (signature.immutable === true || (args.length === 0 && Object.keys(kwargs).length === 0)) return signature;
  return atStarts(signature, (task) =>
    task.immutable === true ? task : { ...task, args: [...args, ...(task.args ?? [])], kwargs: { ...task.kwargs, ...kwargs } },
  );
}

/** Keyword arguments of its own: an immutable one refuses those of its parent, not those it is given when it is written. */
export function withKwargs(signature: SignatureJson, kwargs: SignatureJson["kwargs"]): SignatureJson {
  if (Object.keys(kwargs).length === 0) return signature;
  return atStarts(signature, (task) => ({ ...task, kwargs: { ...task.kwargs, ...kwargs } }));
}

/** Where what ends a signature stands: in which group, and for which chord's body it counts. */
export interface Standing {
  readonly group_id?: unknown;
  readonly chord?: unknown;
}

/** A group that is named stays, as in Celery. */
export function withStanding(signature: SignatureJson, { group_id, chord }: Standing): SignatureJson {
  if (group_id === undefined && chord === undefined) return signature;
  return atEnds(signature, (task) => {
    const { options } = task;
    const group = options?.["group_id"] ?? group_id;
    const outer = chord ?? options?.["chord"];
    return withOptions(task, { ...(group == null ? {} : { group_id: group }), ...(outer == null ? {} : { chord: outer }) });
  });
}

/** How it is sent, in place of what its tasks say: of a chain the first step, of a chord header and body, as in Celery. */
export function withSending(signature: SignatureJson, options: SignatureOptions): SignatureJson {
  if (Object.keys(options).length === 0) return signature;
  const begun = atStarts(signature, (task) => withOptions(task, options));
  return kindOf(signature) === "chord" ? withParts(begun, { body: withSending(bodyOf(begun), options) }) : begun;
}

/** Called with its result. Throws CONFIG_INVALID for a group, which has many. */
export function withCallbacks(signature: SignatureJson, callbacks: readonly SignatureJson[]): SignatureJson {
  if (callbacks.length === 0) return signature;
  switch (kindOf(signature)) {
    case null:
      return withOptions(signature, { link: [...linksOf(signature.options, "link"), ...callbacks] });
    case "chain": {
      const steps = tasksOf(signature);
      const last = steps.length - 1;
      return withParts(signature, { tasks: steps.map((step, index) => (index === last ? withCallbacks(step, callbacks) : step)) });
    }
    case "chord":
      return withParts(signature, { body: withCallbacks(bodyOf(signature), callbacks) });
    case "group":
      throw new ConfigError("CONFIG_INVALID", "A group has no one result to link to: group(…).pipe(callback) calls it with all of them");
  }
}

/** Called when it fails: whichever step it is of a chain, each member of a group; of a chord the body, which fails with its header, and `onHeaders` each task of that. */
export function withErrbacks(signature: SignatureJson, errbacks: readonly SignatureJson[], onHeaders = false): SignatureJson {
  if (errbacks.length === 0) return signature;
  const told = (part: SignatureJson) => withErrbacks(part, errbacks, onHeaders);
  switch (kindOf(signature)) {
    case null:
      return withOptions(signature, { link_error: [...linksOf(signature.options, "link_error"), ...errbacks] });
    case "chain":
    case "group":
      return withParts(signature, { tasks: tasksOf(signature).map(told) });
    case "chord":
      return withParts(signature, { body: told(bodyOf(signature)), ...(onHeaders ? { header: told(headerOf(signature)) } : {}) });
  }
}
