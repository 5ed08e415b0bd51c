/**
 * What must happen for a signature to run: the chords to be opened, and the messages to be sent now, in which the rest lies as links. Pure: from the
 * signature's dictionary and the ids it is given. Callers plan what they send, workers what follows a run.
 */
import type { Call, CallOptions, Frozen } from "../call.ts";
import type { ChordStart } from "../chord.ts";
import { type ComposeContext, type Composed, compose, type Parentage } from "../compose.ts";
import type { TaskDefinition } from "../registry.ts";
import { encodeJson } from "../serializers/json.ts";
import type { SignatureJson } from "../step.ts";
import { bodyOf, headerOf, kindOf, linksOf, type SignatureOptions, sendingOptions, tasksOf } from "./composite.ts";
import { endsOf, freeze, type IdSource } from "./freeze.ts";
import { joined } from "./join.ts";
import { type Standing, withArguments, withSending, withStanding } from "./reach.ts";
import { readOptions } from "./wire-options.ts";

export interface PlanContext extends IdSource {
  readonly compose: ComposeContext;
  definition(task: string): TaskDefinition | undefined;
  /** the task that sends it, or null for a call from outside */
  readonly parent: Parentage | null;
  /** in place of the parent's tree */
  readonly tree?: Pick<CallOptions, "rootId" | "parentId">;
  /** ms; null = for ever */
  readonly resultExpiresMs: number | null;
}

/** A message, and the call that it was composed of. */
export interface PlannedSend extends Composed {
  readonly call: Call;
}

export interface Plan extends Frozen {
  /** chords to be opened before anything is sent */
  readonly opens: readonly ChordStart[];
  /** messages to send now, in order */
  readonly sends: readonly PlannedSend[];
}

export interface Given {
  /** in front of the signature's own, as a parent's result */
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** what comes behind it, as messages carry it: frozen, the next step last */
  readonly chain?: readonly SignatureJson[] | null;
}

/** Throws CONFIG_INVALID for a callback of a group, and what composing a message throws. */
export function plan(context: PlanContext, signature: SignatureJson, given: Given = {}): Plan {
  const { args = [], kwargs = {}, chain = null } = given;
  const begun = withArguments(signature, args, kwargs);
  const isStep = kindOf(signature) === null;
  const whole = isStep || chain === null || chain.length === 0 ? begun : joined([begun, ...chain.toReversed()]);
  const { signature: frozen, result } = freeze(whole, context);
  const start: Start = { context, opens: [], sends: [] };
  begin(start, frozen, isStep ? chain : null);
  return { opens: start.opens, sends: start.sends, signature: frozen, result };
}

interface Start {
  readonly context: PlanContext;
  readonly opens: ChordStart[];
  readonly sends: PlannedSend[];
}

/** `chain`: what comes behind it, the next step last. */
function begin(start: Start, signature: SignatureJson, chain: readonly SignatureJson[] | null): void {
  switch (kindOf(signature)) {
    case null:
      send(start, signature, chain);
      break;
    case "chain": {
      // Only the last step of a frozen chain may be a composite.
      const [first, ...rest] = tasksOf(signature);
      begin(start, first!, rest.toReversed());
      break;
    }
    case "group":
      beginGroup(start, signature);
      break;
    case "chord":
      beginChord(start, signature);
      break;
  }
}

/** A group that a step of a header ends in stands in the header's group and counts for its chord, which it does not open again. */
function beginGroup(start: Start, group: SignatureJson): void {
  const { options } = group;
  beginMembers(start, group, { group_id: options["group_id"] ?? options["task_id"], chord: options["chord"] }, {});
}

function beginMembers(start: Start, group: SignatureJson, place: Standing, sending: SignatureOptions): void {
  const sent = { ...sendingOptions(group.options), ...sending };
  for (const member of tasksOf(group)) begin(start, withSending(withStanding(member, place), sent), null);
}

function beginChord(start: Start, chord: SignatureJson): void {
  const { context, opens, sends } = start;
  const header = headerOf(chord);
  const sending = sendingOptions(chord.options);
  const body = withSending(bodyOf(chord), sending);
  const members = endsOf(header);
  if (members.length === 0) {
    // Nobody is waited for.
    begin(start, withArguments(body, [[]], {}), null);
    return;
  }
  const id = String(header.options["task_id"]);
  const first = sends.length;
  beginMembers(start, header, { group_id: id, chord: body }, sending);
  const { nowMs } = context.compose;
  const dueAt = sends.slice(first).reduce((latest, { message }) => Math.max(latest, message.etaAt ?? 0), nowMs);
  const expiresMs = context.resultExpiresMs === null ? null : dueAt - nowMs + context.resultExpiresMs;
  opens.push({ id, size: members.length, members, body: encodeJson(body, "chord"), dueAt, expiresMs });
}

function send({ context, sends }: Start, task: SignatureJson, chain: readonly SignatureJson[] | null): void {
  const { chord = null, chain: own = null, link, link_error } = task.options;
  const call: Call = {
    task: task.task,
    args: task.args ?? [],
    kwargs: task.kwargs ?? {},
    options: { ...readOptions(task), ...context.tree },
    callbacks: orNull(linksOf({ link }, "link")),
    errbacks: orNull(linksOf({ link_error }, "link_error")),
  };
  const id = String(task.options["task_id"]);
  const rest = { chain: chain ?? (own as readonly SignatureJson[] | null), chord: chord as SignatureJson | null };
  sends.push({ call, ...compose(context.compose, call, context.definition(task.task), id, context.parent, rest) });
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}
