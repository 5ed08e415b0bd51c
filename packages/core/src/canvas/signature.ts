/** A described call: a task or a composite, its arguments and options, complete or with arguments missing at the front. Data with a few verbs; the data is Celery's dictionary. */
import { randomUUID } from "node:crypto";
import {
  type ApplyOptions,
  type Call,
  type CallOptions,
  type CallSender,
  checkCallOptions,
  createCall,
  type LocalOptions,
} from "../call.ts";
import { ConfigError } from "../errors.ts";
import type { AsyncResult, Sent } from "../result.ts";
import { shownValue } from "../setting.ts";
import { type Errback, type SignatureJson, type Step, stepJson, stepsJson, type takes } from "../step.ts";
import { kindOf, linksOf, withOptions } from "./composite.ts";
import { emptyGroupSender } from "./empty-group.ts";
import { freeze } from "./freeze.ts";
import { joined, nestedChord } from "./join.ts";
import { withArguments, withCallbacks, withErrbacks, withKwargs } from "./reach.ts";
import { type StampingVisitor, type StampOptions, type Stamps, withStamps } from "./stamp.ts";
import { localOptions, readOptions, wireOptions } from "./wire-options.ts";

export interface Signature<in out In extends readonly unknown[], out Out> extends Step<In, Out> {
  /** its name; `celery.chain`, `celery.group` or `celery.chord` for a composite */
  readonly task: string;
  /**
   * Adds call options; later ones win. Said of a chain they are for its first step (`taskId` for the last, `linkError` for each), of a group for every
   * member, of a chord for header and body. Throws CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_DURATION.
   */
  set(options: CallOptions): this;
  clone(): this;
  /** Sent with the result when this succeeds. Throws CONFIG_INVALID for a group, which has many: pipe() calls with all of them. */
  link(callback: Step<[Out], unknown>): this;
  /** Sent with (task id, failure) when this fails for good: a chain at any step, a chord when its body fails or cannot run, a group for each member that fails. */
  onError(errback: Errback): this;
  /**
   * Values to tell tasks apart by, as Celery's stamps: on every task of it and what is linked to them so far, and handed on to what these send. The same
   * for all, or what a visitor says of each; in place of stamps of the same names, or behind them with `append`.
   */
  stamp(stamps: Stamps | StampingVisitor, options?: StampOptions): this;
  /** A chain of this and `next`; of a group, a chord. */
  pipe<B>(next: Step<[Out], B>): Signature<In, B>;
  /** Sends it; resolves when the broker has it. Throws PublishError. */
  delay(...args: In): Sent<Out>;
  applyAsync(args: In, options?: CallOptions): Sent<Out>;
  /** Fixes the ids of all its tasks and gives the handle of its result, before it is sent. Sending it twice sends the same tasks. */
  freeze(id?: string): AsyncResult<Out>;
  /** Celery's signature dictionary */
  toJSON(): Record<string, unknown>;
}

/** May follow anything; ignores the parent's result. */
export interface ImmutableSignature<out Out> extends Signature<[], Out> {
  // biome-ignore lint/suspicious/noExplicitAny: takes whatever its parent gives and ignores it
  readonly [takes]: (missing: any) => void;
}

/** Who sends what a signature is part of; undefined: whoever sends its other parts. A member, as a weak map of many costs each collection of garbage. */
const sentBy = Symbol("sentBy");

/** Of the app that made these steps, the first that is known. Throws CONFIG_INVALID where none was made by a task of an app. */
export function senderOf(steps: readonly unknown[]): CallSender {
  for (const step of steps) {
    const sender = typeof step === "object" && step !== null ? (step as { readonly [sentBy]?: CallSender })[sentBy] : undefined;
    if (sender !== undefined) return sender;
  }
  throw new ConfigError("CONFIG_INVALID", `A signature comes from task.s(), task.si() or app.signature(), got ${shownValue(steps[0])}`);
}

/** `own`: what was set here and no dictionary says. */
export function createSignature<In extends readonly unknown[], Out>(
  sender: CallSender,
  json: SignatureJson,
  own: LocalOptions = {},
): Signature<In, Out> {
  let current = json;
  let local = own;
  const send = (args: In, options: ApplyOptions<never>) =>
    isPlain(current)
      ? sender.send<Out, unknown>(() => callOf(current, local, args, options))
      : sender.sendComposite<Out>(() => ({
          signature: withArguments(told(current, options), args, options.kwargs ?? {}),
          options: merged(local, options),
        }));
  const told = (to: SignatureJson, options: ApplyOptions<never>) => withCallOptions(to, options, sender.errbacksOnHeaders);
  const signature = {
    task: json.task,
    set(options: CallOptions) {
      current = withKwargs(told(current, options), options.kwargs ?? {});
      local = merged(local, options);
      return signature;
    },
    clone: () => createSignature<In, Out>(sender, current, local),
    link(callback: Step<[Out], unknown>) {
      current = withCallbacks(current, [stepJson(callback)]);
      return signature;
    },
    onError(errback: Errback) {
      current = withErrbacks(current, [stepJson(errback)], sender.errbacksOnHeaders);
      return signature;
    },
    stamp(stamps: Stamps | StampingVisitor, options?: StampOptions) {
      current = withStamps(current, stamps, options);
      return signature;
    },
    pipe: <B>(next: Step<[Out], B>) =>
      createSignature<In, B>(senderOf([signature, next]), joined([current, stepJson(next)], nestedChord), local),
    delay: (...args: In) => send(args, {}),
    applyAsync: (args: In, options: ApplyOptions<never> = {}) => send(args, options),
    freeze(id?: string) {
      const frozen = freeze(current, { nextId: randomUUID, replyTo: null }, { id });
      current = frozen.signature;
      return sender.handle<Out>(frozen);
    },
    toJSON: () => current,
    [sentBy]: sender === emptyGroupSender ? undefined : sender,
  };
  // The two phantom members exist in types only.
  return signature as unknown as Signature<In, Out>;
}

/** A task on its own needs no plan. */
function isPlain(signature: SignatureJson): boolean {
  const { chord, chain } = signature.options ?? {};
  return kindOf(signature) === null && chord === undefined && chain === undefined;
}

/** All of them but its arguments. Throws CONFIG_UNKNOWN, CONFIG_INVALID, CONFIG_DURATION. */
function withCallOptions(signature: SignatureJson, given: ApplyOptions<never>, errbacksOnHeaders?: boolean): SignatureJson {
  checkCallOptions(signature.task, given);
  const { link, linkError, ...options } = given;
  const linked = withErrbacks(withCallbacks(signature, stepsJson(link) ?? []), stepsJson(linkError) ?? [], errbacksOnHeaders);
  return withOptions(linked, wireOptions(options));
}

function merged(local: LocalOptions, options: CallOptions): LocalOptions {
  const given = Object.entries(localOptions(options)).filter(([, value]) => value !== undefined);
  return { ...local, ...Object.fromEntries(given) };
}

function callOf(signature: SignatureJson, local: LocalOptions, args: readonly unknown[], given: ApplyOptions<never>): Call {
  const { task, args: own = [], options = {}, immutable } = signature;
  const kwargs = { ...signature.kwargs, ...given.kwargs };
  const said = Object.keys(options).length === 0 ? options : readOptions(signature);
  const call = createCall(task, immutable === true ? own : [...args, ...own], { ...said, ...local, ...given, kwargs });
  return {
    ...call,
    callbacks: orNull([...linksOf(options, "link"), ...(call.callbacks ?? [])]),
    errbacks: orNull([...linksOf(options, "link_error"), ...(call.errbacks ?? [])]),
  };
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}
