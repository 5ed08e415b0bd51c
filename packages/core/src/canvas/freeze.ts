/** Gives every task of a signature its id beforehand, and says where its results will be found. What has an id keeps it. */
import type { Frozen } from "../call.ts";
import type { ResultTuple } from "../result-meta.ts";
import type { SignatureJson } from "../step.ts";
import { bodyOf, chainJson, groupJson, headerOf, kindOf, linksOf, tasksOf, withParts } from "./composite.ts";
import { stepsInLine } from "./join.ts";
import { withCallbacks, withErrbacks, withStanding } from "./reach.ts";

export interface IdSource {
  nextId(): string;
  /** where rpc:// answers; null: not said */
  readonly replyTo: string | null;
}

interface Place {
  /** of the last task, or the group that is last */
  readonly id?: string | undefined;
  /** among the tasks that its group or header ends in */
  readonly index?: number | undefined;
}

/** In line, too: see `stepsInLine`. */
export function freeze(signature: SignatureJson, ids: IdSource, place: Place = {}): Frozen {
  switch (kindOf(signature)) {
    case null:
      return freezeTask(signature, ids, place);
    case "chain":
      return freezeChain(signature, ids, place);
    case "group":
      return freezeGroup(signature, ids, place);
    case "chord":
      return freezeChord(signature, ids, place);
  }
}

function freezeTask(task: SignatureJson, { nextId, replyTo }: IdSource, place: Place): Frozen {
  const { options } = task;
  const id = idOf(task) ?? place.id ?? nextId();
  const index = options?.["group_index"] ?? place.index;
  const answered = options?.["reply_to"] ?? replyTo;
  const frozen = {
    ...options,
    task_id: id,
    ...(answered === null ? {} : { reply_to: answered }),
    ...(index === undefined || index === null ? {} : { group_index: index }),
  };
  return { signature: { ...task, options: frozen }, result: [[id, null], null] };
}

function freezeChain(chain: SignatureJson, ids: IdSource, place: Place): Frozen {
  const steps = stepsInLine([chain]);
  const frozen: SignatureJson[] = [];
  let last: Frozen | null = null;
  for (const [index, step] of steps.entries()) {
    const next: Frozen = freeze(step, ids, index === steps.length - 1 ? place : {});
    frozen.push(next.signature);
    last = last === null ? next : { ...next, result: behind(next.result, last.result) };
  }
  if (last === null) return freezeGroup(groupJson([]), ids, place);
  return { ...last, signature: frozen.length === 1 ? last.signature : chainJson(frozen) };
}

function freezeGroup(group: SignatureJson, ids: IdSource, place: Place): Frozen {
  const id = idOf(group) ?? place.id ?? ids.nextId();
  const first = typeof group.options?.["group_index"] === "number" ? group.options["group_index"] : (place.index ?? 0);
  const members: Frozen[] = [];
  let index = first;
  for (const member of tasksOf(group)) {
    const frozen = freeze(member, ids, { index });
    members.push(frozen);
    index += endsOf(frozen.signature).length;
  }
  return {
    signature: { ...withParts(group, { tasks: members.map(({ signature }) => signature) }), options: { ...group.options, task_id: id } },
    result: [[id, null], members.map(({ result }) => result)],
  };
}

/** Once frozen its own id is the header's, as Celery writes it; before, what its body is to be called. */
function freezeChord(chord: SignatureJson, ids: IdSource, place: Place): Frozen {
  const { link, link_error, group_id, group_index, chord: outer, ...options } = chord.options ?? {};
  const header = freezeGroup(headerOf(chord), ids, {});
  const id = header.result[0][0];
  const linked = withErrbacks(withCallbacks(bodyOf(chord), linksOf({ link }, "link")), linksOf({ link_error }, "link_error"));
  const asked = idOf(chord);
  const body = freeze(withStanding(linked, { group_id, chord: outer }), ids, {
    id: asked === id ? place.id : (asked ?? place.id),
    index: typeof group_index === "number" ? group_index : place.index,
  });
  return {
    signature: { ...withParts(chord, { header: header.signature, body: body.signature }), options: { ...options, task_id: id } },
    result: behind(body.result, header.result),
  };
}

/** Ids of the tasks that a frozen signature ends in, in order: what a chord counts. */
export function endsOf(signature: SignatureJson): readonly string[] {
  switch (kindOf(signature)) {
    case null:
      return [String(signature.options["task_id"])];
    case "chain":
      return tasksOf(signature).slice(-1).flatMap(endsOf);
    case "group":
      return tasksOf(signature).flatMap(endsOf);
    case "chord":
      return endsOf(bodyOf(signature));
  }
}

/** What each task of a frozen signature is called, by id; what is linked to its tasks is not among them. */
export function namesIn(signature: SignatureJson, names = new Map<string, string>()): ReadonlyMap<string, string> {
  switch (kindOf(signature)) {
    case null:
      names.set(String(signature.options["task_id"]), signature.task);
      break;
    case "chord":
      namesIn(headerOf(signature), names);
      namesIn(bodyOf(signature), names);
      break;
    default:
      for (const part of tasksOf(signature)) namesIn(part, names);
  }
  return names;
}

/** Where the first of `result` comes from. */
function behind(result: ResultTuple, parent: ResultTuple): ResultTuple {
  const [[id, before], members] = result;
  return [[id, before === null ? parent : behind(before, parent)], members];
}

function idOf({ options }: SignatureJson): string | undefined {
  const id = options?.["task_id"];
  return typeof id === "string" && id !== "" ? id : undefined;
}
