/**
 * The dictionaries of composites, as Celery writes them: chain, group and chord are signatures whose parts lie in their `kwargs`. How they are
 * made, told apart and read; nothing here gives ids or sends.
 */
import type { SignatureJson } from "../step.ts";

export type CompositeKind = "chain" | "group" | "chord";
export type SignatureOptions = SignatureJson["options"];

const kinds: readonly CompositeKind[] = ["chain", "group", "chord"];
const none: SignatureOptions = Object.freeze({});

/** null: a task. Where `subtask_type` is left out the name says it. */
export function kindOf({ task, subtask_type: type }: SignatureJson): CompositeKind | null {
  return kinds.find((kind) => (type === undefined ? task === `celery.${kind}` : type === kind)) ?? null;
}

/** The dictionary of a call of a task. */
export function taskJson(task: string, args: readonly unknown[], kwargs: SignatureJson["kwargs"] = {}, immutable = false): SignatureJson {
  return { task, args, kwargs, options: {}, subtask_type: null, immutable };
}

export function chainJson(tasks: readonly SignatureJson[], options: SignatureOptions = none): SignatureJson {
  return composite("chain", { tasks }, options);
}

export function groupJson(tasks: readonly SignatureJson[], options: SignatureOptions = none): SignatureJson {
  return composite("group", { tasks }, options);
}

export function chordJson(header: readonly SignatureJson[] | SignatureJson, body: SignatureJson, options = none): SignatureJson {
  return composite("chord", { kwargs: {}, header, body }, options);
}

function composite(kind: CompositeKind, kwargs: SignatureJson["kwargs"], options: SignatureOptions): SignatureJson {
  return { task: `celery.${kind}`, args: [], kwargs, options, subtask_type: kind, immutable: false };
}

/** The steps of a chain, the members of a group. */
export function tasksOf({ kwargs }: SignatureJson): readonly SignatureJson[] {
  return listOf(kwargs["tasks"]);
}

/** A chord's header as a group: on the wire it may be just the members. */
export function headerOf({ kwargs }: SignatureJson): SignatureJson {
  const members = listOf(kwargs["header"]);
  const [only] = members;
  return only !== undefined && !Array.isArray(kwargs["header"]) && kindOf(only) === "group" ? only : groupJson(members);
}

export function bodyOf({ kwargs }: SignatureJson): SignatureJson {
  return kwargs["body"] as SignatureJson;
}

/** Whether anything in it waits for all of several tasks; what is linked to its tasks does not count. */
export function hasChord(signature: SignatureJson): boolean {
  return kindOf(signature) === "chord" || (kindOf(signature) !== null && tasksOf(signature).some(hasChord));
}

/** The same with other parts. */
export function withParts(signature: SignatureJson, parts: SignatureJson["kwargs"]): SignatureJson {
  return { ...signature, kwargs: { ...signature.kwargs, ...parts } };
}

/** The same with these options in place of its own of the same names. */
export function withOptions(signature: SignatureJson, options: SignatureOptions): SignatureJson {
  return { ...signature, options: { ...signature.options, ...options } };
}

/** What is called with the result, or when it fails: one or several. */
export function linksOf(options: SignatureOptions | null | undefined, name: "link" | "link_error"): readonly SignatureJson[] {
  return listOf(options?.[name]);
}

function listOf(value: unknown): readonly SignatureJson[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : [value as SignatureJson];
}

/** Where a signature stands: said of a composite, they are for what ends it. */
export const placeOptions: ReadonlySet<string> = new Set(["task_id", "group_id", "group_index", "chord"]);
const ownOptions: ReadonlySet<string> = new Set([
  ...placeOptions,
  "chain",
  "link",
  "link_error",
  "reply_to",
  "root_id",
  "parent_id",
  "add_to_parent",
]);

/** What the options of a composite say of how its tasks are sent. */
export function sendingOptions(options: SignatureOptions | null | undefined): SignatureOptions {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => !ownOptions.has(name)));
}
